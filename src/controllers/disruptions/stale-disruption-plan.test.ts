import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { staleInMs, withoutTarget } from './stale-disruption-plan.ts';

const nowMs = Date.parse('2030-01-01T00:10:00Z');
const target = (lastTransitionTime: string, status = 'True') => ({
  type: 'DisruptionTarget',
  status,
  lastTransitionTime,
});
const pod = (condition?: object, metadata: object = {}, phase = 'Running') =>
  ({
    metadata: { name: 'x', ...metadata },
    spec: {},
    status: { phase, conditions: condition ? [condition] : [] },
  }) as unknown as Pod;

test('when a pod has said for too long that it will go', () => {
  const recent = target('2030-01-01T00:09:00Z');
  const cases: [pod: Pod, inMs: number | undefined][] = [
    [pod(), undefined],
    [pod(recent), 60_000],
    [pod(target('2030-01-01T00:05:00Z')), 0],
    [pod(target('2030-01-01T00:05:00Z', 'False')), undefined],
    [pod(recent, { deletionTimestamp: '2030-01-01T00:10:00Z' }), undefined],
    [pod(recent, {}, 'Failed'), undefined],
  ];
  for (const [each, inMs] of cases) assert.equal(staleInMs(each, nowMs), inMs, JSON.stringify(each));
});

test('it then says the contrary, and all else as before', () => {
  const ready = { type: 'Ready', status: 'True' };
  const before = { ...pod(), status: { conditions: [ready, target('2030-01-01T00:05:00Z')] } } as unknown as Pod;
  assert.deepEqual(withoutTarget(before, nowMs), [
    ready,
    { type: 'DisruptionTarget', status: 'False', lastTransitionTime: '2030-01-01T00:10:00Z' },
  ]);
});
