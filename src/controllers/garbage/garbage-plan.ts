// What is to become of an object whose owners are gone or going, and of one that is being deleted and holds on for its
// dependents. Pure; Kubernetes' rules.
import { isBeingDeleted, type KubeObject, type OwnerReference } from '../../api/meta.ts';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Being deleted, but only after its dependents. */
export function isDeletingDependents(object: KubeObject): boolean {
  return isBeingDeleted(object) && hasFinalizer(object, foregroundFinalizer);
}

export function isOrphaning(object: KubeObject): boolean {
  return isBeingDeleted(object) && hasFinalizer(object, orphanFinalizer);
}

/** An owner as it is found: there, there but waiting for its dependents to go, gone, or of a kind that is not known. */
export interface JudgedOwner {
  reference: OwnerReference;
  state: 'there' | 'waiting' | 'gone' | 'unknown';
}

export type GarbageStep =
  | { do: 'nothing' }
  | { do: 'forget-owners'; uids: string[] }
  | { do: 'delete'; policy: 'Background' | 'Foreground' | 'Orphan' };

export function planDependent(object: KubeObject, owners: JudgedOwner[], hasDependents: boolean): GarbageStep {
  if (isBeingDeleted(object) || owners.length === 0) return { do: 'nothing' };
  const lost = owners.filter(({ state }) => state === 'gone' || state === 'waiting');
  if (lost.length === 0) return { do: 'nothing' };
  if (lost.length < owners.length) return { do: 'forget-owners', uids: lost.map(({ reference }) => reference.uid) };
  const isAwaited = lost.some(({ state }) => state === 'waiting');
  if (isAwaited && hasDependents) return { do: 'delete', policy: 'Foreground' };
  if (hasFinalizer(object, orphanFinalizer)) return { do: 'delete', policy: 'Orphan' };
  if (hasFinalizer(object, foregroundFinalizer)) return { do: 'delete', policy: 'Foreground' };
  return { do: 'delete', policy: 'Background' };
}

/** The dependents for which an owner in foreground deletion waits. */
export function blockingDependents(owner: KubeObject, dependents: readonly KubeObject[]): KubeObject[] {
  return dependents.filter((dependent) =>
    dependent.metadata.ownerReferences?.some(
      ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion,
    ),
  );
}

export function withoutOwners<T extends KubeObject>(object: T, uids: readonly string[]): T {
  const ownerReferences = object.metadata.ownerReferences?.filter(({ uid }) => !uids.includes(uid)) ?? [];
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

/** Owners that wait for each other would wait for ever: such an object no longer holds up its owners. */
export function withoutBlocking<T extends KubeObject>(object: T): T {
  const ownerReferences =
    object.metadata.ownerReferences?.map((owner) => ({ ...owner, blockOwnerDeletion: false })) ?? [];
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

export function withoutFinalizer<T extends KubeObject>(object: T, finalizer: string): T {
  const finalizers = object.metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
  return { ...object, metadata: { ...object.metadata, finalizers } };
}
