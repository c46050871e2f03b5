// Which volumes on nodes' own disks are to be made for claims, and which to be given up. Pure.
import { join } from 'node:path';
import { claimReference, provisionedBy, selectedNode, storageProvisioner } from '../../api/claim-binding.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import {
  folderFinalizer,
  folderName,
  hostnameLabel,
  isLocalPathVolume,
  localPathProvisioner,
  volumeNodeLabel,
  volumesFolderOf,
} from '../../api/local-path.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import type { Draft } from '../../client/client.ts';

export type ProvisionStep =
  | { do: 'nothing' }
  | { do: 'make'; volume: Draft<PersistentVolume> & { metadata: { name: string } } }
  /** The node that was chosen is gone: the scheduler chooses again. */
  | { do: 'choose-again'; message: string }
  | { do: 'refuse'; message: string };

/** Whether our part is asked for: the class and the node are looked at then. */
export function isAskedOf(claim: PersistentVolumeClaim): boolean {
  const { annotations } = claim.metadata;
  return annotations?.[storageProvisioner] === localPathProvisioner && !claim.spec.volumeName && !isBeingDeleted(claim);
}

export const volumeNameFor = ({ metadata }: PersistentVolumeClaim) => `pvc-${metadata.uid}`;

export function planProvision(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  node: Node | undefined,
): ProvisionStep {
  if (!isAskedOf(claim) || storageClass?.provisioner !== localPathProvisioner) return { do: 'nothing' };
  const chosen = claim.metadata.annotations?.[selectedNode];
  const fault = requestFault(claim);
  if (fault) return { do: 'refuse', message: fault };
  if (!chosen) {
    const why = 'the volumes of this class are on nodes, so it needs volumeBindingMode WaitForFirstConsumer';
    return { do: 'refuse', message: why };
  }
  if (!node) return { do: 'choose-again', message: `node "${chosen}" not found` };
  const folder = volumesFolderOf(node);
  if (!folder) return { do: 'refuse', message: `node "${chosen}" does not say in which folder it keeps volumes` };
  return { do: 'make', volume: draftVolume(claim, storageClass, node, folder) };
}

const modes = ['ReadWriteOnce', 'ReadWriteOncePod'];

function requestFault({ spec }: PersistentVolumeClaim): string | undefined {
  const other = spec.accessModes?.find((mode) => !modes.includes(mode));
  if (other) return `access mode ${other} is not supported: a folder of one node is for ${modes.join(' or ')}`;
  if (spec.volumeMode === 'Block') return 'volumeMode Block is not supported';
  if (spec.selector) return 'claim.Spec.Selector is not supported';
  if (spec.dataSource ?? spec.dataSourceRef) return 'a data source is not supported: volumes begin empty';
  return undefined;
}

function draftVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node, folder: string) {
  const name = volumeNameFor(claim);
  const { mountOptions, reclaimPolicy = 'Delete' } = storageClass;
  const hostname = node.metadata.labels?.[hostnameLabel] ?? node.metadata.name;
  return {
    metadata: {
      name,
      annotations: { [provisionedBy]: localPathProvisioner },
      labels: { [volumeNodeLabel]: node.metadata.name },
      finalizers: [folderFinalizer],
    },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.storage ?? '0' },
      accessModes: claim.spec.accessModes ?? [],
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem' as const,
      ...(mountOptions && { mountOptions }),
      claimRef: claimReference(claim),
      local: { path: join(folder, folderName(name, claim.metadata)) },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: hostnameLabel, operator: 'In' as const, values: [hostname] }] },
          ],
        },
      },
    },
  };
}

export type GiveUpStep = 'delete' | 'let-go' | undefined;

/** A node that is away is waited for: its agent takes the folder away. One that is no part of the cluster never will. */
export function planGiveUp(volume: PersistentVolume, isNodeThere: boolean): GiveUpStep {
  if (!isLocalPathVolume(volume)) return undefined;
  if (isBeingDeleted(volume)) {
    return !isNodeThere && volume.metadata.finalizers?.includes(folderFinalizer) ? 'let-go' : undefined;
  }
  const { persistentVolumeReclaimPolicy: policy } = volume.spec;
  return volume.status.phase === 'Released' && policy === 'Delete' ? 'delete' : undefined;
}
