// Who owns the claims of a stateful set's pods, so that they go when its persistentVolumeClaimRetentionPolicy says so: the
// set, when they go with it; the pod, when they go with a pod that is one too many. Pure.
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { controllerOf, controllerReference, type KubeObject, type OwnerReference } from '../../api/meta.ts';

/** Who is to own a claim; a pod that is wanted is never an owner. */
export function ownerOfClaim(set: StatefulSet, condemnedPod: KubeObject | undefined): KubeObject | undefined {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  if (condemnedPod && whenScaled === 'Delete') return condemnedPod;
  return whenDeleted === 'Delete' ? set : undefined;
}

const isNamed = (reference: OwnerReference, { apiVersion, kind, metadata }: KubeObject) =>
  reference.apiVersion === apiVersion && reference.kind === kind && reference.name === metadata.name;
const isSame = (reference: OwnerReference, object: KubeObject) =>
  isNamed(reference, object) && reference.uid === object.metadata.uid;

/** Owned by an earlier object of this name: the claim is about to go with that one. */
export function isStale({ metadata }: PersistentVolumeClaim, owner: KubeObject): boolean {
  return (metadata.ownerReferences ?? []).some((each) => isNamed(each, owner) && !isSame(each, owner));
}

/** The claim with the owner that it is to have; undefined where it has it, or belongs to somebody else. */
export function withItsOwner(
  claim: PersistentVolumeClaim,
  { set, pod, isCondemned }: { set: StatefulSet; pod: KubeObject; isCondemned: boolean },
): PersistentVolumeClaim | undefined {
  if (isStale(claim, set) || isStale(claim, pod)) return undefined;
  const { ownerReferences = [] } = claim.metadata;
  const others = ownerReferences.filter((each) => !isSame(each, set) && !isSame(each, pod));
  const isForeign = controllerOf(claim) !== undefined && others.some(({ controller }) => controller);
  const owner = isForeign ? undefined : ownerOfClaim(set, isCondemned ? pod : undefined);
  const wanted = owner ? [...others, controllerReference(owner)] : others;
  const isRight =
    wanted.length === ownerReferences.length &&
    wanted.every(({ uid, controller }) =>
      ownerReferences.some((known) => known.uid === uid && Boolean(known.controller) === Boolean(controller)),
    );
  return isRight ? undefined : { ...claim, metadata: { ...claim.metadata, ownerReferences: wanted } };
}
