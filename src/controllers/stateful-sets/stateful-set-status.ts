// What a stateful set's status says: how many pods there are, of which template, and whether an update is through. Pure.
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts';
import { isPodReady, type Pod } from '../../api/kinds/pod.ts';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { availableInMs } from '../../api/pod-availability.ts';
import { withoutZeros } from '../children/counts.ts';
import { revisionNameOf } from './stateful-set-pods.ts';

export interface StatefulStatusInput {
  set: StatefulSet;
  pods: readonly Pod[];
  current: ControllerRevision;
  update: ControllerRevision;
  collisionCount: number;
  nowMs: number;
}

export function statefulSetStatus(input: StatefulStatusInput): StatefulSet['status'] {
  const { set, pods, current, update, collisionCount, nowMs } = input;
  const wanted = set.spec.replicas ?? 1;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const running = pods.filter((pod) => pod.status.phase === 'Running');
  const readyReplicas = running.filter(isPodReady).length;
  const of = ({ metadata }: ControllerRevision) =>
    pods.filter((pod) => !isBeingDeleted(pod) && revisionNameOf(pod) === metadata.name).length;
  const updatedReplicas = of(update);
  const isThrough =
    set.spec.updateStrategy?.type === 'RollingUpdate' &&
    [pods.length, readyReplicas, updatedReplicas].every((count) => count === wanted);
  return {
    replicas: pods.length,
    availableReplicas: running.filter((pod) => availableInMs(pod, minReadySeconds, nowMs) === 0).length,
    collisionCount,
    currentRevision: isThrough ? update.metadata.name : current.metadata.name,
    updateRevision: update.metadata.name,
    ...withoutZeros({
      observedGeneration: set.metadata.generation ?? 0,
      readyReplicas,
      currentReplicas: isThrough ? updatedReplicas : of(current),
      updatedReplicas,
    }),
  };
}
