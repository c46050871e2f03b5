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

const entry = (pulledAtMs: number, usedAtMs = pulledAtMs) => ({ names: ['nginx'], pulledAtMs, usedAtMs });
const image = (id: string, ...tags: string[]) => ({ id, tags, digests: [], sizeBytes: 1 });

test('what was needed longest ago goes first; what is used, new, gone or wanted by others stays', () => {
  const ledger = new Map([
    ['late', entry(0, 900_000)],
    ['early', entry(0, 100_000)],
    ['older', entry(0, 500_000)],
    ['used', entry(0)],
    ['new', entry(950_000)],
    ['before the clock was set back', entry(5_000_000, 600_000)],
    ['gone', entry(0)],
    ['named twice', entry(0)],
  ]);
  const images = [
    image('late', 'nginx:latest'),
    image('early'),
    image('older'),
    image('used'),
    image('new'),
    image('before the clock was set back'),
    image('named twice', 'nginx:latest', 'mine:1'),
    image('of another', 'mine:2'),
  ];
  const present = new Map(images.map((each) => [each.id, each]));
  const view = { present, inUse: new Set(['used']), ledger };
  assert.deepEqual(planImageGarbage(view, thresholds.leastAgeMs, 1_000_000), [
    'early',
    'older',
    'before the clock was set back',
    'late',
  ]);
});
