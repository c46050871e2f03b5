// When a pod that says that it is about to be disrupted has said so for too long, and what it says then. Pure.
import { deletionTimeoutMs, disruptionTarget, withDisruptionNotice } from '../../api/disruptions.ts';
import { isPodFinished, type Pod, type PodCondition } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';

/** Milliseconds until nobody will end the pod any more; undefined where it says nothing, is going, or is over. */
export function staleInMs(pod: Pod, nowMs: number): number | undefined {
  if (isBeingDeleted(pod) || isPodFinished(pod)) return undefined;
  const target = pod.status.conditions?.find(
    (condition) => condition.type === disruptionTarget && condition.status === 'True',
  );
  if (!target?.lastTransitionTime) return undefined;
  return Math.max(0, Date.parse(target.lastTransitionTime) + deletionTimeoutMs - nowMs);
}

export function withoutTarget(pod: Pod, nowMs: number): PodCondition[] {
  return withDisruptionNotice(pod, { status: 'False' }, timestamp(nowMs));
}
