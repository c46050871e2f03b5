import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { SqliteThread } from './sqlite-thread.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-thread-'));
});
after(() => rm(directory, { recursive: true, force: true }));

async function madeDirectory(name: string): Promise<string> {
  await mkdir(join(directory, name));
  return join(directory, name);
}

const limits = { timeout: 10_000 };
const write = { rows: [{ key: 'a', value: '1', revision: 2, expires: null }], revision: 2, storeMs: 0 };

test('after the worker has died, requests are refused, the owner is told, and closing ends', limits, async () => {
  const lost = Promise.withResolvers<Error>();
  const made = once(process, 'worker') as Promise<[Worker]>;
  const { thread } = await SqliteThread.open(await madeDirectory('dead'), lost.resolve);
  const [worker] = await made;
  // Answered by a worker that was quicker, or refused: whoever waits hears one or the other.
  const pending = Promise.allSettled([thread.ask('commit', write)]);
  await worker.terminate();
  await pending;
  await assert.rejects(thread.ask('commit', write), /worker has ended/);
  await assert.rejects(thread.ask('get', 'a'), /worker has ended/);
  assert.match((await lost.promise).message, /worker has ended/);
  await thread.close();
});

test('a worker that dies while it is being closed is closed', limits, async () => {
  const made = once(process, 'worker') as Promise<[Worker]>;
  const { thread } = await SqliteThread.open(await madeDirectory('closing'));
  const [worker] = await made;
  await Promise.all([worker.terminate(), thread.close()]);
});

test('what was written is there after closing, and a closed thread refuses', limits, async () => {
  const closed = await madeDirectory('closed');
  const { thread } = await SqliteThread.open(closed, () => assert.fail('nothing is lost'));
  await thread.ask('commit', write);
  await thread.close();
  await assert.rejects(thread.ask('commit', write), /worker has ended/);
  const again = await SqliteThread.open(closed);
  assert.equal(again.opening.revision, 2);
  await again.thread.close();
});
