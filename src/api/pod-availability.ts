// How far a pod is, as those ask who keep so many of them: active, ready, available.
import { isPodFinished, isPodReady, type Pod } from './kinds/pod.ts';
import { isBeingDeleted } from './meta.ts';

/** Counts as a replica: neither ended nor on its way out. */
export function isPodActive(pod: Pod): boolean {
  return !isPodFinished(pod) && !isBeingDeleted(pod);
}

/** When the pod became ready, in milliseconds since the epoch; undefined where it is not. */
export function readySince(pod: Pod): number | undefined {
  if (!isPodReady(pod)) return undefined;
  const since = pod.status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  return since ? Date.parse(since) : 0;
}

/** Milliseconds until the pod has been ready for so long: 0 when it has, undefined where it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  const since = readySince(pod);
  return since === undefined
    ? undefined
    : Math.max(0, minReadySeconds > 0 ? since + minReadySeconds * 1000 - nowMs : 0);
}

/** Milliseconds until the next of the pods counts as available, or undefined where none is on the way there. */
export function nextAvailableInMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | undefined {
  const waits = pods.flatMap((pod) => availableInMs(pod, minReadySeconds, nowMs) || []);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
