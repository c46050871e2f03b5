import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { sampleContainer, samplePause, samplePod, sampleView } from './pod-samples.ts';
import type { PodStepsOptions } from './step.ts';
import { stopSteps } from './stop-steps.ts';

test('a signal that did not reach its container is sent again as long as there is time, and then left for the kill', async () => {
  let nowMs = 1_000;
  const options = {
    runtime: { signal: async () => Promise.reject(new Error('Docker is away')) },
    recorder: { record: () => {} },
    clock: { ...systemClock, monotonicMs: () => nowMs },
  } as unknown as PodStepsOptions;
  const pod = samplePod();
  const view = sampleView(pod, [samplePause(), sampleContainer('main')]);
  const work = { uid: 'u1', view, pod, signal: new AbortController().signal, planAgain: () => {} };
  const of = { container: 'main', id: 'main-0' };
  const steps = stopSteps(options);
  const order = { message: '', graceMs: 5_000, isReplaced: false, runsHook: false };
  await steps.stop({ kind: 'stop', ...of, ...order }, work);
  const signalledMs = async () => {
    await assert.rejects(steps.terminate({ kind: 'terminate', ...of, signal: 'SIGTERM' }, work), /Docker is away/);
    return view.memory.stopping.get('main-0')?.signalledMs;
  };
  nowMs = 5_999;
  assert.equal(await signalledMs(), undefined);
  nowMs = 6_000;
  assert.equal(await signalledMs(), 6_000);
});
