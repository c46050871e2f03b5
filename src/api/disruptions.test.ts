import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DisruptionNotice, withDisruptionNotice } from './disruptions.ts';
import type { Pod, PodCondition } from './kinds/pod.ts';

const before = '2030-01-01T00:00:00Z';
const now = '2030-01-01T00:10:00Z';
const type = 'DisruptionTarget';
const ready: PodCondition = { type: 'Ready', status: 'True' };
const scheduled: PodCondition = { type: 'PodScheduled', status: 'True' };
const evicted: DisruptionNotice = { status: 'True', reason: 'Evicted', message: 'goes' };
const others: DisruptionNotice = { status: 'True', reason: 'Preempted', message: 'went' };

const cases: { name: string; known: PodCondition[]; notice: DisruptionNotice; expected: PodCondition[] }[] = [
  { name: 'the first', known: [ready], notice: evicted, expected: [ready, told(evicted, now)] },
  {
    name: 'again: the time stays, and the place',
    known: [ready, told(evicted, before), scheduled],
    notice: evicted,
    expected: [ready, told(evicted, before), scheduled],
  },
  {
    name: 'another reason: the time stays',
    known: [told(others, before), ready],
    notice: evicted,
    expected: [told(evicted, before), ready],
  },
  {
    name: 'no longer: reason and message go, and the time is now',
    known: [told(evicted, before)],
    notice: { status: 'False' },
    expected: [told({ status: 'False' }, now)],
  },
  {
    name: 'after all',
    known: [told({ status: 'False' }, before)],
    notice: evicted,
    expected: [told(evicted, now)],
  },
];

function told(notice: DisruptionNotice, lastTransitionTime: string): PodCondition {
  return { type, ...notice, lastTransitionTime, observedGeneration: 3 };
}

for (const { name, known, notice, expected } of cases) {
  test(`a pod is told that it goes: ${name}`, () => {
    const pod = { metadata: { name: 'x', generation: 3 }, status: { conditions: known } } as unknown as Pod;
    assert.deepEqual(withDisruptionNotice(pod, notice, now), expected);
  });
}
