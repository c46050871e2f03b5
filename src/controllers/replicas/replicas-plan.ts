// What a ReplicaSet or a ReplicationController needs: so many pods more, or these pods less; and what its status says then. Pure.
import { isPodReady, type Pod } from '../../api/kinds/pod.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import type { ReplicationController } from '../../api/kinds/replication-controller.ts';
import { availableInMs } from '../../api/pod-availability.ts';
import { matchesMap } from '../../api/selector.ts';
import { timestamp } from '../../base/clock.ts';
import { withoutZeros } from '../children/counts.ts';
import { inDeletionOrder } from '../children/pod-deletion-order.ts';

/** No more than this in one go, so that other sets get their turn. */
const burst = 500;

/** What wants so many equal pods. */
export type Replicated = ReplicaSet | ReplicationController;

export type ReplicaStep = { do: 'create'; count: number } | { do: 'delete'; pods: Pod[] } | { do: 'nothing' };

export interface ObservedReplicas {
  set: Replicated;
  /** The set's pods that count as replicas. */
  active: readonly Pod[];
  /** All pods of the sets with the same owner, this one's included. */
  related: readonly Pod[];
}

export function planReplicas({ set, active, related }: ObservedReplicas, nowMs: number): ReplicaStep {
  const missing = (set.spec.replicas ?? 1) - active.length;
  if (missing > 0) return { do: 'create', count: Math.min(missing, burst) };
  if (missing === 0) return { do: 'nothing' };
  return { do: 'delete', pods: inDeletionOrder(active, related, nowMs).slice(0, Math.min(-missing, burst)) };
}

export interface ReplicaFailure {
  reason: 'FailedCreate' | 'FailedDelete';
  message: string;
}

export function replicasStatus(
  set: Replicated,
  active: readonly Pod[],
  failure: ReplicaFailure | undefined,
  nowMs: number,
): Replicated['status'] {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const labels = set.spec.template?.metadata?.labels;
  const fullyLabeled = labels ? active.filter((pod) => matchesMap(labels, pod.metadata.labels)) : active;
  return {
    replicas: active.length,
    ...withoutZeros({
      fullyLabeledReplicas: fullyLabeled.length,
      readyReplicas: active.filter(isPodReady).length,
      availableReplicas: active.filter((pod) => availableInMs(pod, minReadySeconds, nowMs) === 0).length,
      observedGeneration: set.metadata.generation ?? 0,
    }),
    ...conditionsOf(set, failure, nowMs),
  };
}

function conditionsOf(set: Replicated, failure: ReplicaFailure | undefined, nowMs: number) {
  const known = set.status.conditions ?? [];
  const others = known.filter(({ type }) => type !== 'ReplicaFailure');
  const conditions =
    failure && others.length === known.length
      ? [...others, { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime: timestamp(nowMs) }]
      : failure
        ? known
        : others;
  return conditions.length > 0 ? { conditions } : {};
}
