// What a claim needs next: a volume that is there, one that somebody has to make, or patience. Pure.
import {
  bindCompleted,
  boundByController,
  hasAnnotation,
  isMeantFor,
  noProvisioner,
  selectedNode,
  waitsForConsumer,
} from '../../api/claim-binding.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { fittingVolumes, meantVolume, mismatch } from '../../api/volume-match.ts';
import type { Happening } from '../../client/event-recorder.ts';

/** What is known around a claim. */
export interface ClaimSight {
  /** The volume that the claim names, if it is there. */
  named: PersistentVolume | undefined;
  /** Volumes without a claim of the claim's class, and those that were meant for it. */
  candidates: readonly PersistentVolume[];
  storageClass: StorageClass | undefined;
  defaultClass: StorageClass | undefined;
  /** Names of the pods that use the claim and have no node yet. */
  waitingPods: readonly string[];
}

export type ClaimStep =
  | { do: 'bind'; volume: PersistentVolume }
  /** The class that has become the default after the claim was made. */
  | { do: 'take-class'; storageClassName: string }
  /** Ask whoever provides volumes of the class. */
  | { do: 'ask'; provisioner: string; news: Happening }
  | { do: 'wait'; news?: Happening }
  | { do: 'lose'; news: Happening };

export function planClaim(claim: PersistentVolumeClaim, sight: ClaimSight): ClaimStep {
  if (hasAnnotation(claim, bindCompleted)) return planBound(claim, sight.named);
  if (claim.spec.volumeName) return planNamed(claim, claim.spec.volumeName, sight.named);
  return planUnbound(claim, sight);
}

function planBound({ metadata, spec }: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimStep {
  if (!spec.volumeName) {
    return lose('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  if (!volume) return lose('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const { claimRef } = volume.spec;
  if (!claimRef || claimRef.uid === metadata.uid) return { do: 'bind', volume };
  return lose('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** A user has chosen the volume. */
function planNamed(claim: PersistentVolumeClaim, name: string, volume: PersistentVolume | undefined): ClaimStep {
  if (!volume) return { do: 'wait' };
  if (isMeantFor(volume, claim)) return { do: 'bind', volume };
  if (volume.spec.claimRef) {
    // Where it was the binder that wrote the name, the volume was given away meanwhile: nothing that a user could mend.
    if (hasAnnotation(claim, boundByController)) return { do: 'wait' };
    return wait('Warning', 'FailedBinding', `volume "${name}" already bound to a different claim.`);
  }
  const fault = mismatch(volume, claim);
  if (!fault) return { do: 'bind', volume };
  return wait('Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${fault}`);
}

function planUnbound(claim: PersistentVolumeClaim, sight: ClaimSight): ClaimStep {
  const { candidates, storageClass, defaultClass, waitingPods } = sight;
  const isWaiting = waitsForConsumer(storageClass);
  const volume = isWaiting ? meantVolume(claim, candidates) : fittingVolumes(claim, candidates)[0];
  if (volume) return { do: 'bind', volume };
  if (storageClassOf(claim) === undefined && defaultClass) {
    return { do: 'take-class', storageClassName: defaultClass.metadata.name };
  }
  if (isWaiting && !hasAnnotation(claim, selectedNode)) return waitForPods(waitingPods);
  const className = storageClassOf(claim);
  if (!className) {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return wait('Normal', 'FailedBinding', message);
  }
  return planProvision(className, storageClass);
}

function waitForPods(pods: readonly string[]): ClaimStep {
  if (pods.length === 0) {
    return wait('Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  }
  const which = pods.length === 1 ? `pod ${pods[0]}` : `pods ${pods.join(',')}`;
  return wait('Normal', 'WaitForPodScheduled', `waiting for ${which} to be scheduled`);
}

function planProvision(className: string, storageClass: StorageClass | undefined): ClaimStep {
  if (!storageClass) {
    return wait('Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`);
  }
  const { provisioner } = storageClass;
  // Names below kubernetes.io are those of Kubernetes' own, of which there are none here.
  if (provisioner === noProvisioner || provisioner.startsWith('kubernetes.io/')) {
    return wait('Warning', 'ProvisioningFailed', `no volume plugin matched name: ${provisioner}`);
  }
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return { do: 'ask', provisioner, news: { type: 'Normal', reason: 'ExternalProvisioning', message } };
}

const wait = (type: Happening['type'], reason: string, message: string): ClaimStep => ({
  do: 'wait',
  news: { type, reason, message },
});

const lose = (reason: string, message: string): ClaimStep => ({
  do: 'lose',
  news: { type: 'Warning', reason, message },
});
