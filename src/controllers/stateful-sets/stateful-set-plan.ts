// The next steps of a stateful set. Pure. One round goes as far as the order allows; what it changes brings the next one.
//
//   wanted pods, upwards:  ended -> delete | missing -> make its claims and it | not up yet -> wait (in order)
//   pods too many, downwards:  delete, one after the other (in order)
//   pods of an old template, downwards to the partition:  delete, as many as may be missing
//
// With Parallel nobody waits for others, except for updates.
import { shareOf } from '../../api/int-or-percent.ts';
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { controllerReference, isBeingDeleted, type KubeObject } from '../../api/meta.ts';
import { availableInMs } from '../../api/pod-availability.ts';
import { isStale, ownerOfClaim, withItsOwner } from './claim-retention.ts';
import {
  draftClaims,
  draftStatefulPod,
  firstOrdinal,
  isWanted,
  type NamedDraft,
  ordinalOf,
  revisionNameOf,
  withItsNames,
} from './stateful-set-pods.ts';

type ClaimDraft = NamedDraft<PersistentVolumeClaim>;

export type StatefulStep =
  | { do: 'create-pod'; pod: NamedDraft<Pod>; claims: ClaimDraft[] }
  | { do: 'create-claims'; podName: string; claims: ClaimDraft[] }
  /** The pod cannot be made, and why. */
  | { do: 'tell-obstacle'; podName: string; obstacle: string }
  | { do: 'own-claim'; claim: PersistentVolumeClaim }
  | { do: 'name-pod'; pod: Pod }
  | { do: 'delete-pod'; pod: Pod };

export interface ObservedStatefulSet {
  set: StatefulSet;
  /** All of the set, also those on their way out. */
  pods: readonly Pod[];
  claimNamed(name: string): PersistentVolumeClaim | undefined;
  /** Of the pods below the partition. */
  current: ControllerRevision;
  /** Of the present template. */
  update: ControllerRevision;
  nowMs: number;
}

/** One after the other, unless the set is for all at once. */
export function isOrdered({ spec }: StatefulSet): boolean {
  return spec.podManagementPolicy !== 'Parallel';
}

export function planStatefulSet(observed: ObservedStatefulSet): StatefulStep[] {
  const { set } = observed;
  if (isBeingDeleted(set)) return [];
  const steps: StatefulStep[] = [];
  const places = placesOf(observed);
  for (const place of places) {
    const { steps: own, isSettled } = planPlace(observed, place);
    steps.push(...own);
    if (isOrdered(set) && !isSettled) return steps;
  }
  const condemned = condemnedOf(observed);
  for (const place of condemned) steps.push(...ownClaims(observed, place, true));
  const { steps: goodbyes, isSettled } = planCondemned(observed, condemned);
  steps.push(...goodbyes);
  if (isOrdered(set) && !isSettled) return steps;
  return [...steps, ...planUpdate(observed, places)];
}

interface Place {
  ordinal: number;
  pod: Pod | undefined;
}

interface Taken extends Place {
  pod: Pod;
}

function placesOf({ set, pods }: ObservedStatefulSet): Place[] {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod.metadata.name), pod]));
  return Array.from({ length: set.spec.replicas ?? 1 }, (_, index) => {
    const ordinal = firstOrdinal(set) + index;
    return { ordinal, pod: byOrdinal.get(ordinal) };
  });
}

/** Pods that are too many, the last one first. */
function condemnedOf({ set, pods }: ObservedStatefulSet): Taken[] {
  return pods
    .flatMap((pod) => {
      const ordinal = ordinalOf(set, pod.metadata.name);
      return ordinal === undefined || isWanted(set, ordinal) ? [] : [{ ordinal, pod }];
    })
    .toSorted((one, other) => other.ordinal - one.ordinal);
}

interface Share {
  steps: StatefulStep[];
  /** Nothing of this has to be waited for. */
  isSettled: boolean;
}

function planPlace(observed: ObservedStatefulSet, { ordinal, pod }: Place): Share {
  if (!pod) return { steps: planNewPod(observed, ordinal), isSettled: false };
  if (isPodFinished(pod)) {
    return { steps: isBeingDeleted(pod) ? [] : [{ do: 'delete-pod', pod }], isSettled: false };
  }
  const { set } = observed;
  const steps: StatefulStep[] = [];
  if (pod.status.phase === 'Pending') {
    const claims = missingClaims(observed, ordinal);
    if (claims.length > 0) steps.push({ do: 'create-claims', podName: pod.metadata.name, claims });
  }
  const isSettled = isUp(observed, pod);
  if (isOrdered(set) && !isSettled) return { steps, isSettled };
  const named = isBeingDeleted(pod) ? undefined : withItsNames(set, pod, ordinal);
  if (named) steps.push({ do: 'name-pod', pod: named });
  return { steps: [...steps, ...ownClaims(observed, { ordinal, pod }, false)], isSettled };
}

function planNewPod(observed: ObservedStatefulSet, ordinal: number): StatefulStep[] {
  const { set, current, update } = observed;
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  const isBelowPartition = type === 'RollingUpdate' && ordinal - firstOrdinal(set) < (rollingUpdate?.partition ?? 0);
  const pod = draftStatefulPod(set, isBelowPartition ? current : update, ordinal);
  const future = { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata };
  const claims = claimsOf(observed, ordinal);
  // It goes with an earlier pod of this name: its end brings us here again.
  if (claims.some((claim) => isStale(claim, future))) return [];
  const ending = claims.find(isBeingDeleted);
  if (ending) {
    const obstacle = `pvc ${ending.metadata.name} is being deleted`;
    return [{ do: 'tell-obstacle', podName: pod.metadata.name, obstacle }];
  }
  return [
    { do: 'create-pod', pod, claims: missingClaims(observed, ordinal) },
    ...ownClaims(observed, { ordinal, pod: future }, false),
  ];
}

function claimsOf({ set, claimNamed }: ObservedStatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return draftClaims(set, ordinal).flatMap(({ metadata }) => claimNamed(metadata.name) ?? []);
}

function missingClaims({ set, claimNamed }: ObservedStatefulSet, ordinal: number): ClaimDraft[] {
  const owner = ownerOfClaim(set, undefined);
  return draftClaims(set, ordinal)
    .filter(({ metadata }) => !claimNamed(metadata.name))
    .map((claim) =>
      owner ? { ...claim, metadata: { ...claim.metadata, ownerReferences: [controllerReference(owner)] } } : claim,
    );
}

function ownClaims(
  observed: ObservedStatefulSet,
  { ordinal, pod }: { ordinal: number; pod: KubeObject },
  isCondemned: boolean,
): StatefulStep[] {
  return claimsOf(observed, ordinal).flatMap((known): StatefulStep[] => {
    const claim = withItsOwner(known, { set: observed.set, pod, isCondemned });
    return claim ? [{ do: 'own-claim', claim }] : [];
  });
}

function planCondemned(observed: ObservedStatefulSet, condemned: readonly Taken[]): Share {
  const staying = condemned.filter(({ pod }) => !isBeingDeleted(pod));
  const deletions = staying.map(({ pod }): StatefulStep => ({ do: 'delete-pod', pod }));
  if (!isOrdered(observed.set)) return { steps: deletions, isSettled: true };
  const [last] = condemned;
  if (!last) return { steps: [], isSettled: true };
  // A pod that is not up goes only when none below it is worse off: the others may still need it.
  const firstDown = condemned.findLast(({ pod }) => !isUp(observed, pod));
  const mayGo = !isBeingDeleted(last.pod) && (isUp(observed, last.pod) || last === firstDown);
  return { steps: mayGo ? [{ do: 'delete-pod', pod: last.pod }] : [], isSettled: false };
}

/** In order from the last pod on; the others are up by then, where that matters. */
function planUpdate(observed: ObservedStatefulSet, places: readonly Place[]): StatefulStep[] {
  const { set, update } = observed;
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type === 'OnDelete') return [];
  const isOld = (pod: Pod) => revisionNameOf(pod) !== update.metadata.name && !isBeingDeleted(pod);
  const updatable = places.slice(rollingUpdate?.partition ?? 0).toReversed();
  if (rollingUpdate?.maxUnavailable === undefined) {
    const next = updatable.find(({ pod }) => !pod || isOld(pod) || !isUp(observed, pod));
    return next?.pod && isOld(next.pod) && !isPodFinished(next.pod) ? [{ do: 'delete-pod', pod: next.pod }] : [];
  }
  const mayBeMissing = Math.max(1, shareOf(rollingUpdate.maxUnavailable, places.length, Math.floor));
  let spare = mayBeMissing - places.filter(({ pod }) => !pod || !isUp(observed, pod)).length;
  const old = updatable.flatMap(({ pod }) => (pod && isOld(pod) && !isPodFinished(pod) ? [pod] : []));
  return old
    .filter((pod) => !isUp(observed, pod) || spare-- > 0)
    .map((pod): StatefulStep => ({ do: 'delete-pod', pod }));
}

/** Does what it is there for, and has for long enough. */
function isUp({ set, nowMs }: ObservedStatefulSet, pod: Pod): boolean {
  const isAvailable = availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) === 0;
  return pod.status.phase === 'Running' && isAvailable && !isBeingDeleted(pod);
}
