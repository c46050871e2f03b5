import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsyncQueue } from './async-queue.ts';

test('what arrived before the end is read before it, also what arrives while reading', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  const read: number[] = [];
  const reading = (async () => {
    for await (const item of queue) {
      read.push(item);
      if (item === 1) queue.push(2);
      if (item === 3) queue.end();
    }
  })();
  setImmediate(() => queue.push(3));
  await reading;
  assert.deepEqual(read, [1, 2, 3]);
});

test('a failure is thrown after what arrived before it', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  queue.fail(new Error('broken'));
  queue.end();
  const read: number[] = [];
  await assert.rejects(async () => {
    for await (const item of queue) read.push(item);
  }, /broken/);
  assert.deepEqual(read, [1]);
});
