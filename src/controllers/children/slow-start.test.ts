import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowStart } from './slow-start.ts';

test('thirty times in batches of 1, 2, 4, 8 and the rest', async () => {
  const atOnce: number[] = [];
  let active = 0;
  const outcome = await slowStart(30, async () => {
    active += 1;
    await Promise.resolve();
    if (active > 0) atOnce.push(active);
    active = 0;
  });
  assert.deepEqual(outcome, { tried: 30 });
  assert.deepEqual(atOnce, [1, 2, 4, 8, 15]);
});

test('a failing batch is the last one', async () => {
  let run = 0;
  const error = new Error('quota');
  const outcome = await slowStart(100, async () => {
    run += 1;
    if (run === 3) throw error;
  });
  assert.deepEqual(outcome, { tried: 3, error });
});
