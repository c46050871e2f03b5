// What ends a pod whatever its containers do, and what is told of it then.
import type { Pod } from '../../api/kinds/pod.ts';
import type { PodMemory, Verdict } from './pod-view.ts';

/** What the node has decided; and a pod that was given only so much time has failed when that is over. */
export function verdictOn(pod: Pod, memory: PodMemory, nowMs: number): Verdict | undefined {
  if (memory.verdict) return memory.verdict;
  const deadlineMs = deadlineOf(pod, memory);
  if (deadlineMs === undefined || deadlineMs > nowMs) return undefined;
  // It was over before its time was, and the API could not be told.
  if (memory.released && !memory.toldDeadline) return undefined;
  return { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
}

export function deadlineOf({ spec }: Pod, { firstSeenMs, startedMs = firstSeenMs }: PodMemory): number | undefined {
  const seconds = spec.activeDeadlineSeconds;
  if (seconds === undefined) return undefined;
  return startedMs + seconds * 1000;
}
