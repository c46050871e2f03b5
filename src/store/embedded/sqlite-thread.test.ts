import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
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

const limits = { timeout: 10_000 };
const write = { type: 'commit' as const, rows: [{ key: 'a', value: '1', revision: 2, expires: null }], revision: 2 };

test('after the worker has died, requests are refused and closing ends', limits, async () => {
  const made = once(process, 'worker') as Promise<[Worker]>;
  const { thread } = await SqliteThread.open(join(directory, 'dead.db'));
  const [worker] = await made;
  // Answered by a worker that was quicker, or refused: whoever waits hears one or the other.
  const pending = Promise.allSettled([thread.ask(write)]);
  await worker.terminate();
  await pending;
  await assert.rejects(thread.ask(write), /worker has ended/);
  await assert.rejects(thread.ask({ type: 'get', key: 'a' }), /worker has ended/);
  await thread.close();
});

test('a worker that dies while it is being closed is closed', limits, async () => {
  const made = once(process, 'worker') as Promise<[Worker]>;
  const { thread } = await SqliteThread.open(join(directory, 'closing.db'));
  const [worker] = await made;
  await Promise.all([worker.terminate(), thread.close()]);
});

test('what was written is there after closing, and a closed thread refuses', limits, async () => {
  const file = join(directory, 'closed.db');
  const { thread } = await SqliteThread.open(file);
  await thread.ask(write);
  await thread.close();
  await assert.rejects(thread.ask(write), /worker has ended/);
  const again = await SqliteThread.open(file);
  assert.equal(again.opening.revision, 2);
  await again.thread.close();
});
