import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MountFailure } from '../volumes/mount-failure.ts';
import { VolumeProblem } from '../volumes/volume-problem.ts';
import { nowMs, samplePod, sampleView } from './pod-samples.ts';
import type { PodStepsOptions } from './step.ts';
import { volumeSteps } from './volume-steps.ts';

const failure = new MountFailure([{ volume: 'v', error: new VolumeProblem('no') }]);
const setUpFailed = 'MountVolume.SetUp failed for volume "v" : no';
const timedOut =
  'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[]: context deadline exceeded';

/** What is told and what is remembered when volumes do as asked, at a time. */
function setUp(outcome: () => number | undefined) {
  const told: string[] = [];
  const clock = { atMs: nowMs, now: () => clock.atMs, monotonicMs: () => clock.atMs };
  const options = {
    files: { prepare: async () => [] },
    volumes: { prepare: async () => outcome(), refresh: async () => outcome() },
    recorder: {
      record: (_: unknown, { reason, message }: { reason: string; message: string }) =>
        told.push(`${reason}: ${message}`),
    },
    clock,
  } as unknown as PodStepsOptions;
  const pod = samplePod();
  const view = sampleView(pod, [], { firstSeenMs: nowMs, prepared: false });
  const work = { uid: 'u', pod, view, planAgain: () => {}, signal: AbortSignal.timeout(10_000) };
  const steps = volumeSteps(options);
  return {
    told,
    clock,
    memory: view.memory,
    prepare: () => steps.prepare({ kind: 'prepare' }, work),
    refresh: () => steps.refreshVolumes({ kind: 'refreshVolumes' }, work),
  };
}

test('a pod that waits for its volumes says why, and every two minutes that it still does', async () => {
  const { told, clock, memory, prepare } = setUp(() => {
    throw failure;
  });
  const seconds = async (after: number) => {
    clock.atMs = nowMs + after * 1000;
    told.length = 0;
    await prepare();
    return [...told];
  };
  const [plain, withTimeout] = [
    [`FailedMount: ${setUpFailed}`],
    [`FailedMount: ${setUpFailed}`, `FailedMount: ${timedOut}`],
  ];
  assert.deepEqual(await seconds(0), plain);
  assert.equal(memory.mountProblem?.retryAtMs, nowMs + 250, 'soon at first');
  assert.deepEqual(await seconds(5), plain);
  assert.equal(memory.mountProblem?.retryAtMs, nowMs + 10_000, 'then as long again as it has waited');
  assert.deepEqual(await seconds(124), withTimeout);
  assert.equal(memory.mountProblem?.retryAtMs, nowMs + 154_000, 'at most half a minute');
  assert.deepEqual(await seconds(200), plain);
  assert.deepEqual(await seconds(250), withTimeout);
  assert.equal(memory.prepared, false);
});

test('what is ready is refreshed when it says so, or never', async () => {
  let due: number | undefined = nowMs + 5_000;
  const { memory, prepare, refresh } = setUp(() => due);
  await prepare();
  assert.deepEqual([memory.prepared, memory.mountProblem, memory.refreshVolumesAtMs], [true, undefined, nowMs + 5_000]);
  due = undefined;
  await refresh();
  assert.equal(memory.refreshVolumesAtMs, Number.POSITIVE_INFINITY);
});

test('a change that comes while volumes are brought up to date is seen to afterwards', async () => {
  const setting = setUp(() => {
    setting.memory.refreshVolumesAtMs = 0;
    return nowMs + 5_000;
  });
  await setting.refresh();
  assert.equal(setting.memory.refreshVolumesAtMs, 0);
});

test('a refresh that fails is told, and tried again later', async () => {
  const { told, memory, refresh } = setUp(() => {
    throw failure;
  });
  await refresh();
  assert.deepEqual(told, [`FailedMount: ${setUpFailed}`]);
  assert.deepEqual([memory.mountProblem, memory.refreshVolumesAtMs], [undefined, nowMs + 123_000]);
});
