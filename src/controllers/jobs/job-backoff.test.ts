import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, noFailures, recordOutcomes } from './job-backoff.ts';
import { now, pod } from './job-for-tests.ts';

const agoMs = (seconds: number) => now - seconds * 1000;
const succeeded = (endedAgo: number) => pod(`s${endedAgo}`, 'Succeeded', { endedAgo });
const failed = (endedAgo: number) => pod(`f${endedAgo}`, 'Failed', { endedAgo });

const records: {
  name: string;
  before?: [failures: number, endedAgo: number];
  succeeded?: number[];
  failed?: number[];
  is: [failures: number, lastMs: number];
}[] = [
  { name: 'nothing', is: [0, 0] },
  { name: 'nothing new', before: [2, 60], is: [2, agoMs(60)] },
  { name: 'each failure counts, the last is remembered', before: [1, 60], failed: [30, 40], is: [3, agoMs(30)] },
  { name: 'one that is heard of late changes no later time', before: [1, 10], failed: [30], is: [2, agoMs(10)] },
  { name: 'a success makes all before it forgotten', before: [5, 60], succeeded: [20], is: [0, 0] },
  { name: 'also what failed before it', before: [5, 60], succeeded: [20], failed: [30], is: [0, 0] },
  { name: 'not what failed after it', before: [5, 60], succeeded: [20, 50], failed: [30, 10], is: [1, agoMs(10)] },
  { name: 'nor at the same second', succeeded: [20], failed: [20], is: [1, agoMs(20)] },
];
for (const { name, before, succeeded: good = [], failed: bad = [], is } of records) {
  test(`failures in a row: ${name}`, () => {
    const record = before ? { failures: before[0], lastMs: agoMs(before[1]) } : noFailures;
    const { failures, lastMs } = recordOutcomes(record, good.map(succeeded), bad.map(failed));
    assert.deepEqual([failures, lastMs], is);
  });
}

const waits: [failures: number, endedAgo: number, inMs: number][] = [
  [0, 0, 0],
  [1, 0, 10_000],
  [1, 4, 6_000],
  [1, 10, 0],
  [1, 99, 0],
  [2, 0, 20_000],
  [6, 20, 300_000],
  [7, 0, 600_000],
  [500, 0, 600_000],
  [1, -3600, 10_000],
];
for (const [failures, endedAgo, inMs] of waits) {
  test(`${failures} failures, the last ${endedAgo} s ago: the next pod in ${inMs} ms`, () =>
    assert.equal(backoffMs({ failures, lastMs: agoMs(endedAgo) }, now), inMs));
}
