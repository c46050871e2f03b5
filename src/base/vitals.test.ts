import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';
import { Vitals } from './vitals.ts';

test('who does not beat in time stands still, until it beats again', () => {
  let nowMs = 0;
  const vitals = new Vitals({ ...systemClock, monotonicMs: () => nowMs });
  const beat = vitals.pulse('heartbeat', 10_000);
  let waitedMs = 0;
  vitals.watch('pods', 5_000, () => waitedMs);
  nowMs = 10_000;
  assert.equal(vitals.standstill(), undefined);
  nowMs = 12_000;
  waitedMs = 7_000;
  assert.equal(vitals.standstill(), 'heartbeat for 12 s, pods for 7 s');
  waitedMs = 0;
  beat();
  assert.equal(vitals.standstill(), undefined);
});
