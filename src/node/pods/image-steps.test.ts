import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../base/clock.ts';
import type { PullOutcome, PullRequest } from '../images/image-puller.ts';
import { imageSteps } from './image-steps.ts';
import { samplePause, samplePod, sampleView } from './pod-samples.ts';
import type { PodStepsOptions } from './step.ts';

test('how far a pull that lasts has come is told every 15 seconds, and how long it took in the end', async () => {
  let nowMs = 0;
  const told: string[] = [];
  const pulled = Promise.withResolvers<PullOutcome>();
  let onProgress: PullRequest['onProgress'] = () => {};
  const options = {
    clock: { monotonicMs: () => nowMs } as Clock,
    recorder: {
      record: (_: unknown, { reason, message }: Record<string, string>) => told.push(`${reason}: ${message}`),
    },
    puller: {
      look: async () => undefined,
      pull: (_: string, request: PullRequest) => {
        onProgress = request.onProgress;
        return pulled.promise;
      },
    },
  } as unknown as PodStepsOptions;
  const pod = samplePod();
  const again = Promise.withResolvers<void>();
  const view = sampleView(pod, [samplePause()], { images: new Map() });
  const work = { uid: 'u1', view, pod, signal: new AbortController().signal, planAgain: again.resolve };
  await imageSteps(options).ensureImage({ kind: 'ensureImage', container: 'main' }, work);
  const after = (ms: number, doneBytes: number, totalBytes = 50_000_000) => {
    nowMs += ms;
    onProgress({ doneBytes, totalBytes });
  };
  after(14_999, 1_000_000);
  assert.deepEqual(told.splice(0), ['Pulling: Pulling image "nginx"']);
  after(1, 10_000_000);
  after(1_000, 20_000_000);
  after(14_000, 35_500_000);
  after(15_000, 0, 0);
  assert.deepEqual(told.splice(0), [
    'Pulling: Pulling image "nginx": 20% of 50.0 MB',
    'Pulling: Pulling image "nginx": 71% of 50.0 MB',
    'Pulling: Pulling image "nginx": waiting for the registry',
  ]);
  pulled.resolve({ outcome: 'pulled', image: { source: 'nginx', digest: '', sizeBytes: 9 }, tookMs: 44_000 });
  await again.promise;
  assert.deepEqual(told, [
    'Pulled: Successfully pulled image "nginx" in 44.000s (45.000s including waiting). Image size: 9 bytes.',
  ]);
  assert.equal(view.memory.images.get('main')?.state, 'ready');
});
