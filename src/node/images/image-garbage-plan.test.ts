import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToFree, planImageGarbage } from './image-garbage-plan.ts';

const thresholds = { highPercent: 85, lowPercent: 80, leastAgeMs: 120_000 };

const disks: [availableBytes: number, toFree: number][] = [
  [400, 0],
  [151, 0],
  [150, 50],
  [0, 200],
];
for (const [availableBytes, toFree] of disks)
  test(`of a disk of 1000 with ${availableBytes} left, ${toFree} are to be freed`, () => {
    assert.equal(bytesToFree({ capacityBytes: 1000, availableBytes }, thresholds), toFree);
  });

const entry = (pulledAtMs: number, usedAtMs = pulledAtMs) => ({ names: [], pulledAtMs, usedAtMs });

test('what was needed longest ago goes first; what is used, new, gone or not of ours stays', () => {
  const ledger = new Map([
    ['late', entry(0, 900_000)],
    ['early', entry(0, 100_000)],
    ['older', entry(0, 500_000)],
    ['used', entry(0)],
    ['new', entry(950_000)],
    ['gone', entry(0)],
  ]);
  const present = new Set(['late', 'early', 'older', 'used', 'new', 'of another']);
  const view = { present, inUse: new Set(['used']), ledger };
  assert.deepEqual(planImageGarbage(view, thresholds.leastAgeMs, 1_000_000), ['early', 'older', 'late']);
});
