import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Expiries } from './expiries.ts';

let nowMs: number;
let timer: { atMs: number; run: () => void } | undefined;
let timersMade: number;
let removed: string[];
let isFull: boolean;
let expiries: Expiries;

beforeEach(() => {
  nowMs = 0;
  timer = undefined;
  timersMade = 0;
  removed = [];
  isFull = false;
  expiries = new Expiries({
    nowMs: () => nowMs,
    after: (ms, run) => {
      timersMade++;
      const made = { atMs: nowMs + ms, run };
      timer = made;
      return () => {
        if (timer === made) timer = undefined;
      };
    },
    remove: async (key) => {
      if (isFull) throw new Error('no room');
      removed.push(key);
      expiries.set(key, null);
    },
  });
});

/** Lets time go on to the moment and runs the timer that is due, with all that follows at once. */
async function passTo(ms: number): Promise<void> {
  nowMs = ms;
  while (timer && timer.atMs <= nowMs) {
    const { run } = timer;
    timer = undefined;
    run();
    await new Promise(setImmediate);
  }
}

test('keys go when their second is over, the oldest first; one that is set anew or stays does not', async () => {
  for (const [key, atMs] of [
    ['c', 3_000],
    ['a', 900],
    ['b', 1_000],
    ['moved', 1_000],
    ['stays', 1_000],
  ] as const) {
    expiries.set(key, atMs);
  }
  expiries.set('moved', 9_500);
  expiries.set('stays', null);
  assert.equal(expiries.size, 4);
  await passTo(999);
  assert.deepEqual(removed, []);
  await passTo(1_000);
  assert.deepEqual(removed, ['a', 'b']);
  await passTo(9_999);
  assert.deepEqual(removed, ['a', 'b', 'c']);
  await passTo(10_000);
  assert.deepEqual([removed.at(-1), expiries.size, timer], ['moved', 0, undefined]);
});

test('many share one timer, and go in slices', async () => {
  const keys = Array.from({ length: 1200 }, (_, n) => `${n}`);
  for (const key of keys) expiries.set(key, 60_000);
  assert.equal(timersMade, 1);
  nowMs = 60_000;
  timer?.run();
  await new Promise(setImmediate);
  assert.ok(removed.length > 0 && removed.length < keys.length);
  await passTo(60_000);
  assert.deepEqual(removed, keys);
});

test('what cannot be removed is tried again in a while, and nothing after the end', async () => {
  expiries.set('a', 1_000);
  isFull = true;
  await passTo(1_000);
  assert.deepEqual([removed, timer?.atMs], [[], 6_000]);
  isFull = false;
  await passTo(6_000);
  assert.deepEqual(removed, ['a']);
  expiries.set('b', 7_000);
  expiries.stop();
  assert.equal(timer, undefined);
  expiries.set('c', 8_000);
  assert.equal(timer, undefined);
});
