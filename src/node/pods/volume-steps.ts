// The steps that put a pod's files and volumes in place, keep up to date what follows the API, and take all away again.
import type { Pod } from '../../api/kinds/pod.ts';
import { shownFields } from '../volumes/downward-api.ts';
import { MountFailure } from '../volumes/mount-failure.ts';
import type { PodMemory } from './pod-view.ts';
import { needed, type PodStepsOptions, type StepTable, type Work } from './step.ts';

const mountRetryMs = { least: 250, most: 30_000 };
/** A pod that waits for its volumes says so as often. */
const mountTimeoutMs = 123_000;

type VolumeStep = 'prepare' | 'refreshVolumes';

export function volumeSteps({ files, volumes, clock, recorder }: PodStepsOptions): StepTable<VolumeStep> {
  async function prepare({ pod: maybePod, view, signal }: Work): Promise<void> {
    const pod = needed(maybePod);
    const { memory } = view;
    try {
      for (const message of await files.prepare(pod))
        recorder.record(pod, { type: 'Warning', reason: 'DNSConfigForming', message });
      await setUp(memory, pod, () => volumes.prepare(pod, signal));
      memory.prepared = true;
      memory.mountProblem = undefined;
    } catch (error) {
      if (!(error instanceof MountFailure)) throw error;
      // What is missing at first is often about to be made: the pauses grow with what it has waited.
      const waitedMs = clock.monotonicMs() - memory.firstSeenMs;
      const retryMs = Math.min(mountRetryMs.most, Math.max(mountRetryMs.least, waitedMs));
      tell(pod, error);
      tellTimeout(pod, memory, error);
      memory.mountProblem = { reason: 'FailedMount', message: error.message, retryAtMs: clock.monotonicMs() + retryMs };
    }
  }

  /** What cannot be had stays as it was, and containers go on with it. */
  async function refresh({ pod: maybePod, view, signal }: Work): Promise<void> {
    const pod = needed(maybePod);
    try {
      await setUp(view.memory, pod, () => volumes.refresh(pod, signal));
    } catch (error) {
      if (!(error instanceof MountFailure)) throw error;
      view.memory.refreshVolumesAtMs = clock.monotonicMs() + mountTimeoutMs;
      tell(pod, error);
    }
  }

  async function setUp(memory: PodMemory, pod: Pod, run: () => Promise<number | undefined>): Promise<void> {
    // What changes from here on is seen to afterwards.
    memory.refreshVolumesAtMs = Number.POSITIVE_INFINITY;
    memory.shownFields = shownFields(pod);
    const dueMs = await run();
    if (dueMs !== undefined) memory.refreshVolumesAtMs = Math.min(memory.refreshVolumesAtMs, dueMs);
  }

  function tell(pod: Pod, { messages }: MountFailure): void {
    for (const message of messages) recorder.record(pod, { type: 'Warning', reason: 'FailedMount', message });
  }

  function tellTimeout(pod: Pod, memory: PodMemory, { timeoutMessage: message }: MountFailure): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - Math.max(memory.firstSeenMs, memory.toldUnmountedMs) < mountTimeoutMs) return;
    memory.toldUnmountedMs = nowMs;
    recorder.record(pod, { type: 'Warning', reason: 'FailedMount', message });
  }

  return {
    prepare: async (_, work) => prepare(work),
    refreshVolumes: async (_, work) => refresh(work),
  };
}
