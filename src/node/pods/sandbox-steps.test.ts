import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { samplePod, sampleView } from './pod-samples.ts';
import { sandboxSteps } from './sandbox-steps.ts';
import type { PodStepsOptions } from './step.ts';

test('a control group is made when the pod has its folder, and never after a pause container that could not be', async () => {
  const done: string[] = [];
  const grouped = Promise.withResolvers<void>();
  const options = {
    watch: { put: () => {} },
    runtime: {
      createPause: async () => {
        done.push('refused');
        throw new Error('Docker is away');
      },
    },
    files: { hostnameOf: () => 'a', claim: async () => void done.push('folder') },
    groups: {
      placementOf: () => ({ cgroupParent: undefined, oomScore: 0 }),
      ensure: () => grouped.promise.then(() => done.push('group')),
    },
    recorder: { record: () => done.push('told') },
    clock: systemClock,
  } as unknown as PodStepsOptions;
  const pod = samplePod();
  const { signal } = new AbortController();
  const work = { uid: 'u1', view: sampleView(pod, []), pod, signal, planAgain: () => {} };
  const step = sandboxSteps(options).createPause({ kind: 'createPause', attempt: 0 }, work);
  setImmediate(() => grouped.resolve());
  await assert.rejects(step, /Docker is away/);
  assert.deepEqual(done.sort(), ['folder', 'group', 'refused', 'told']);
});
