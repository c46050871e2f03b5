// How claims and volumes are bound to each other: the annotations that tell of it, and what makes a pair of them one.
import type { PersistentVolume } from './kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from './kinds/persistent-volume-claim.ts';
import type { Pod } from './kinds/pod.ts';
import type { StorageClass } from './kinds/storage-class.ts';
import type { KubeObject } from './meta.ts';

/** The claim and its volume have found each other once. From then on they belong together for good. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed';
/** It was the binder that chose, not a user: it may choose anew. */
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
/** Who made the volume. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
/** The node of the first pod that uses the claim, written by the scheduler. */
export const selectedNode = 'volume.kubernetes.io/selected-node';
/** Who is to make a volume for the claim; the second is its old name. */
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner';
export const betaStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner';
/** Of classes whose volumes are made by hand. */
export const noProvisioner = 'kubernetes.io/no-provisioner';

export function hasAnnotation({ metadata }: KubeObject, name: string): boolean {
  return metadata.annotations?.[name] !== undefined;
}

export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return Boolean(claim.spec.volumeName) && hasAnnotation(claim, bindCompleted);
}

/** Whether the volume is for this claim: by its name alone, as long as the volume does not say which one of that name. */
export function isMeantFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (!claimRef || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** The volume as it is once it is for the claim. Answers the very same where it is already. */
export function volumeFor(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const isMeant = isMeantFor(volume, claim);
  if (isMeant && volume.spec.claimRef?.uid) return volume;
  const annotations = isMeant ? {} : { [boundByController]: 'yes' };
  return {
    ...volume,
    metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...annotations } },
    spec: { ...volume.spec, claimRef: claimReference(claim) },
  };
}

/** By which a volume names its claim, and no other one of the same name. */
export function claimReference({ metadata }: PersistentVolumeClaim) {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    ...(namespace && { namespace }),
    name,
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  };
}

export interface UsedClaim {
  name: string;
  /** Made for the pod alone, and goes with it. */
  isOfPod: boolean;
}

/** The claims that a pod uses, in its own namespace. */
export function claimsOfPod({ metadata, spec }: Pod): UsedClaim[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): UsedClaim[] => {
    if (persistentVolumeClaim) return [{ name: persistentVolumeClaim.claimName, isOfPod: false }];
    return ephemeral ? [{ name: `${metadata.name}-${name}`, isOfPod: true }] : [];
  });
}

export function claimKeysOfPod(pod: Pod): string[] {
  return claimsOfPod(pod).map(({ name }) => `${pod.metadata.namespace}/${name}`);
}
