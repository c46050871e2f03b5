import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../base/clock.ts';
import { FailedPodBackoff } from './failed-pod-backoff.ts';

test('the first goes at once, the next ones ever later, and in the end it is forgotten', () => {
  let now = 0;
  const backoff = new FailedPodBackoff({ monotonicMs: () => now } as Clock);
  assert.equal(backoff.waitMs('a'), 0);
  for (const delayMs of [1000, 2000, 4000]) {
    backoff.note('a');
    assert.equal(backoff.waitMs('a'), delayMs);
    assert.equal(backoff.waitMs('b'), 0);
    now += delayMs;
    assert.equal(backoff.waitMs('a'), 0);
  }
  for (let times = 0; times < 20; times++) backoff.note('a');
  assert.equal(backoff.waitMs('a'), 15 * 60_000);
  now += 31 * 60_000;
  backoff.note('a');
  assert.equal(backoff.waitMs('a'), 1000);
});
