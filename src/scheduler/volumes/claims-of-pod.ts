// The claims of one pod, sorted by what is still to be done for them: those that are bound, and those that get their volume with
// their first pod. Pure.
import { claimsOfPod, isFullyBound, waitsForConsumer } from '../../api/claim-binding.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { controllerOf, isBeingDeleted } from '../../api/meta.ts';
import { compareQuantities } from '../../api/quantity.ts';
import { fittingVolumes, requestOf } from '../../api/volume-match.ts';

/** What there is of storage, with what has been promised already. */
export interface Storage {
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  /** Volumes of the claim's class that nobody has, and those that are meant for the claim. */
  candidates(claim: PersistentVolumeClaim): readonly PersistentVolume[];
}

export interface SortedClaims {
  bound: readonly PersistentVolumeClaim[];
  /** The smallest first: a larger volume is left for a larger claim. */
  waiting: readonly WaitingClaim[];
}

export interface WaitingClaim {
  claim: PersistentVolumeClaim;
  /** The volumes that will do if they are reached, the best first. */
  fitting: readonly PersistentVolume[];
}

/** Or why no node can take the pod, in Kubernetes' words; undefined for a pod without claims. */
export function sortClaims(pod: Pod, storage: Storage): SortedClaims | { hopeless: string } | undefined {
  const used = claimsOfPod(pod);
  if (used.length === 0) return undefined;
  const found = used.map(({ name, isOfPod }) => {
    const claim = storage.claim(`${pod.metadata.namespace}/${name}`);
    return { claim, fault: claimFault(claim, pod, { name, isOfPod }) };
  });
  const fault = found.find((each) => each.fault !== undefined)?.fault;
  if (fault) return { hopeless: fault };
  const claims = found.flatMap(({ claim }) => claim ?? []);
  const bound = claims.filter(isFullyBound);
  const open = claims.filter((claim) => !isFullyBound(claim));
  const isWaiting = (claim: PersistentVolumeClaim) =>
    !claim.spec.volumeName && waitsForConsumer(storage.storageClass(storageClassOf(claim) ?? ''));
  if (!open.every(isWaiting)) return { hopeless: 'pod has unbound immediate PersistentVolumeClaims' };
  const waiting = open
    .toSorted((one, other) => compareQuantities(requestOf(one), requestOf(other)))
    .map((claim) => ({ claim, fitting: fittingVolumes(claim, storage.candidates(claim)) }));
  return { bound, waiting };
}

function claimFault(
  claim: PersistentVolumeClaim | undefined,
  pod: Pod,
  { name, isOfPod }: { name: string; isOfPod: boolean },
): string | undefined {
  const quoted = JSON.stringify(name);
  if (!claim && isOfPod) return `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted}`;
  if (!claim) return `persistentvolumeclaim ${quoted} not found`;
  if (isOfPod && controllerOf(claim)?.uid !== pod.metadata.uid) {
    const { namespace } = claim.metadata;
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
  }
  if (claim.status.phase === 'Lost') {
    return `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`;
  }
  return isBeingDeleted(claim) ? `persistentvolumeclaim ${quoted} is being deleted` : undefined;
}
