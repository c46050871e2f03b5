import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { unlessRevived } from './pod-progress.ts';
import { nowMs, sampleContainer, samplePod } from './pod-samples.ts';
import { newPodMemory, type PodMemory } from './pod-view.ts';

const exited = sampleContainer('main', { state: 'exited' });
const told = { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, containerID: 'docker://main-0' };
const end = { phase: 'Failed', reason: 'Terminated', message: 'the node went down' } as const;

interface EndCase {
  name: string;
  spec?: Partial<Pod['spec']>;
  metadata?: Partial<Pod['metadata']>;
  has: ObservedContainer[];
  memory?: Partial<PodMemory>;
  holds: boolean;
}
const cases: EndCase[] = [
  { name: 'its containers are to run again', has: [exited], holds: false },
  { name: 'they do already', has: [sampleContainer('main')], holds: false },
  { name: 'Docker has nothing of it any more', has: [], holds: false },
  { name: 'they run once', spec: { restartPolicy: 'Never' }, has: [exited], holds: true },
  { name: 'they ran once, and Docker has forgotten', spec: { restartPolicy: 'Never' }, has: [], holds: true },
  { name: 'this agent has ended it', has: [exited], memory: { verdict: end }, holds: true },
  {
    name: 'its time is over',
    spec: { activeDeadlineSeconds: 60 },
    has: [exited],
    memory: { startedMs: nowMs - 60_000 },
    holds: true,
  },
  { name: 'it is to end', metadata: { deletionTimestamp: '2026-11-20T12:00:30Z' }, has: [exited], holds: true },
];
for (const { name, spec, metadata, has: containers, memory, holds } of cases)
  test(`the end that a mirror tells of ${holds ? 'holds' : 'is past'}: ${name}`, () => {
    const pod = samplePod(spec, metadata);
    pod.status = { ...end, containerStatuses: [told] };
    const view = { containers, memory: { ...newPodMemory(nowMs), ...memory } };
    const { status } = unlessRevived(pod, view, nowMs);
    assert.deepEqual(status, holds ? pod.status : { containerStatuses: [told] });
  });
