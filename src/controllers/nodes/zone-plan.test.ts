import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../api/kinds/node.ts';
import { drivingGapMs, isMasterAlone, planZones } from './zone-plan.ts';

const cases: {
  name: string;
  zones: Record<string, [well: number, unwell: number]>;
  gaps: (number | undefined)[];
  isAlone?: boolean;
}[] = [
  { name: 'nothing at all', zones: {}, gaps: [] },
  { name: 'all well', zones: { a: [3, 0] }, gaps: [10_000] },
  { name: 'one of two', zones: { a: [1, 1] }, gaps: [10_000] },
  { name: 'two of three are too few to tell', zones: { a: [1, 2] }, gaps: [10_000] },
  { name: 'just below the share', zones: { a: [5, 6] }, gaps: [10_000] },
  { name: 'most of a small zone', zones: { a: [2, 3] }, gaps: [undefined] },
  { name: 'most of a zone of fifty', zones: { a: [20, 30] }, gaps: [undefined] },
  { name: 'most of a large zone', zones: { a: [20, 31] }, gaps: [100_000] },
  { name: 'all of one zone, others are well', zones: { a: [0, 4], b: [2, 0] }, gaps: [10_000, 10_000] },
  { name: 'the only node', zones: { a: [0, 1] }, gaps: [10_000], isAlone: true },
  { name: 'all of all zones', zones: { a: [0, 4], b: [0, 1] }, gaps: [10_000, 10_000], isAlone: true },
];

const node = (zone: string, isWell: boolean): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'any', labels: { 'topology.kubernetes.io/zone': zone } },
  spec: { unschedulable: !isWell },
  status: {},
});

for (const { name, zones, gaps, isAlone = false } of cases) {
  test(`nodes that are not well: ${name}`, () => {
    const nodes = Object.entries(zones).flatMap(([zone, [well, unwell]]) => [
      ...Array.from({ length: well }, () => node(zone, true)),
      ...Array.from({ length: unwell }, () => node(zone, false)),
    ]);
    const planned = planZones(nodes, ({ spec }) => !spec.unschedulable);
    assert.deepEqual([...planned.values()].map(drivingGapMs), gaps);
    assert.equal(isMasterAlone(planned), isAlone);
  });
}
