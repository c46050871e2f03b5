// The next steps of a deployment, from what is observed of it and its replica sets. Pure. One plan makes one move; the
// change it causes brings the next plan.
//
//   paused or scaled ---> size what is there, make nothing new
//   RollingUpdate -----> make the new set | grow it | shrink old ones | done: forget the oldest
//   Recreate ----------> old ones to nothing | wait for their pods to end | make or fill the new set | done
import { isDeepStrictEqual } from 'node:util';
import type { Deployment } from '../../api/kinds/deployment.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import type { Draft } from '../../client/client.ts';
import {
  currentAnnotations,
  desiredReplicasAnnotation,
  draftReplicaSet,
  type History,
  maxReplicasAnnotation,
  outlived,
  revisionAnnotation,
} from './deployment-history.ts';
import { boundsOf, grownSize, isScaled, rollingSizes, type Sizes, scaledSizes, sizeOf } from './deployment-sizes.ts';
import { isComplete } from './deployment-status.ts';

export type DeploymentStep =
  | { do: 'create-set'; draft: Draft<ReplicaSet> & { spec: ReplicaSet['spec'] } }
  | { do: 'update-set'; set: ReplicaSet; fromReplicas: number }
  | { do: 'delete-set'; set: ReplicaSet }
  | { do: 'note-revision'; revision: string };

export interface ObservedDeployment {
  deployment: Deployment;
  history: History;
  /** Whether a pod of an old set has not ended yet. */
  hasOldPods: boolean;
}

export function planDeployment(observed: ObservedDeployment): DeploymentStep[] {
  const { deployment, history } = observed;
  if (isBeingDeleted(deployment)) return [];
  const { createWith, sizes, isSettled } = planMove(observed);
  const steps: DeploymentStep[] = [];
  if (createWith !== undefined) steps.push(createSet(deployment, history, createWith));
  const sets = history.current ? [history.current, ...history.old] : history.old;
  for (const set of sets)
    steps.push(...updateSet(deployment, history, set, sizes.get(set.metadata.name) ?? sizeOf(set)));
  if (isSettled) for (const set of outlived(deployment, history.old)) steps.push({ do: 'delete-set', set });
  const revision = String(history.revision);
  const isNumbered = deployment.metadata.annotations?.[revisionAnnotation] === revision;
  if ((history.current || createWith !== undefined) && !isNumbered) steps.push({ do: 'note-revision', revision });
  return steps;
}

interface Move {
  /** The size with which the set of the present template is to be made. */
  createWith?: number;
  sizes: Sizes;
  /** Nothing is under way, so that what is no longer needed may go. */
  isSettled: boolean;
}

function planMove({ deployment, history, hasOldPods }: ObservedDeployment): Move {
  const { current, old } = history;
  const { spec } = deployment;
  const sets = current ? [current, ...old] : old;
  if (spec.paused || isScaled(deployment, sets)) {
    return { sizes: scaledSizes(deployment, history), isSettled: spec.paused ?? false };
  }
  const bounds = boundsOf(deployment);
  if (spec.strategy?.type === 'Recreate') {
    const running = old.filter((set) => sizeOf(set) > 0);
    if (running.length > 0) return { sizes: new Map(running.map(nothing)), isSettled: false };
    if (hasOldPods) return { sizes: new Map(), isSettled: false };
    if (!current) return { createWith: bounds.replicas, sizes: new Map(), isSettled: false };
    return { sizes: new Map([[current.metadata.name, bounds.replicas]]), isSettled: isComplete(deployment) };
  }
  if (!current) return { createWith: grownSize(bounds, 0, old), sizes: new Map(), isSettled: false };
  const sizes = rollingSizes(bounds, current, old);
  return { sizes, isSettled: sizes.size === 0 && isComplete(deployment) };
}

const nothing = ({ metadata }: ReplicaSet): [string, number] => [metadata.name, 0];

function createSet(deployment: Deployment, history: History, replicas: number): DeploymentStep {
  const draft = draftReplicaSet(deployment, history.revision);
  const annotations = { ...draft.metadata.annotations, ...sizeAnnotations(deployment) };
  return {
    do: 'create-set',
    draft: { ...draft, metadata: { ...draft.metadata, annotations }, spec: { ...draft.spec, replicas } },
  };
}

function updateSet(deployment: Deployment, history: History, set: ReplicaSet, replicas: number): DeploymentStep[] {
  const isCurrent = set === history.current;
  const fromReplicas = sizeOf(set);
  const annotations = {
    ...(isCurrent ? currentAnnotations(deployment, set, history.revision) : set.metadata.annotations),
    ...((replicas > 0 || replicas !== fromReplicas) && sizeAnnotations(deployment)),
  };
  const { minReadySeconds: before = 0, ...spec } = set.spec;
  const minReadySeconds = isCurrent ? (deployment.spec.minReadySeconds ?? 0) : before;
  const isSame =
    replicas === fromReplicas &&
    minReadySeconds === before &&
    isDeepStrictEqual(annotations, set.metadata.annotations ?? {});
  if (isSame) return [];
  const changed: ReplicaSet = {
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...spec, replicas, ...(minReadySeconds > 0 && { minReadySeconds }) },
  };
  return [{ do: 'update-set', set: changed, fromReplicas }];
}

/** What the sizes of the sets were made for: shows later that the deployment has been scaled since. */
function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const { replicas, maxSurge } = boundsOf(deployment);
  return { [desiredReplicasAnnotation]: String(replicas), [maxReplicasAnnotation]: String(replicas + maxSurge) };
}
