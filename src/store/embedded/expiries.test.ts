import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Expiries } from './expiries.ts';

test('keys come out when their second is over, the oldest first, and not more than asked for', () => {
  const expiries = new Expiries();
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
  assert.deepEqual([expiries.size, expiries.nextMs()], [4, 1_000]);
  assert.deepEqual(expiries.over(999, 10), []);
  assert.deepEqual(expiries.over(3_000, 10), ['a', 'b', 'c']);
  assert.deepEqual(expiries.over(3_000, 2), ['a', 'b']);
  for (const key of ['a', 'b', 'c']) expiries.set(key, null);
  assert.deepEqual([expiries.size, expiries.nextMs()], [1, 10_000]);
  expiries.set('moved', null);
  assert.equal(expiries.nextMs(), undefined);
});
