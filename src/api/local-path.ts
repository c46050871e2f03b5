// Storage on the nodes' own disks: the words by which the provisioner in the server and the agent that keeps the folders
// understand each other. Pure.
import { basename, dirname } from 'node:path';
import { provisionedBy } from './claim-binding.ts';
import type { Node } from './kinds/node.ts';
import type { PersistentVolume } from './kinds/persistent-volume.ts';

export const localPathProvisioner = 'wherry.io/local-path';
/** The class that every cluster begins with; charts that were written for small clusters name it. */
export const localPathClass = 'local-path';
/** On a node: the folder in which its agent keeps volumes. */
export const localVolumesAnnotation = 'wherry.io/local-volumes';
/** On a volume: the node that keeps its folder. */
export const volumeNodeLabel = 'wherry.io/volume-node';
/** Keeps a volume until its folder is gone; the name that Kubernetes' provisioners use. */
export const folderFinalizer = 'external-provisioner.volume.kubernetes.io/finalizer';
export const hostnameLabel = 'kubernetes.io/hostname';

export function isLocalPathVolume(volume: PersistentVolume): boolean {
  return volume.metadata.annotations?.[provisionedBy] === localPathProvisioner && volume.spec.local !== undefined;
}

export function volumesFolderOf(node: Node): string | undefined {
  return node.metadata.annotations?.[localVolumesAnnotation];
}

/** Tells people whose it is; begins with the volume's own name, so that no two are the same. */
export function folderName(volumeName: string, claim: { namespace?: string; name: string }): string {
  // As long as a name in a file system may be.
  return `${volumeName}_${claim.namespace ?? ''}_${claim.name}`.slice(0, 255);
}

/** Whether the volume's path is a folder of its own directly below the one in which an agent keeps volumes. */
export function isKeptIn(folder: string, { metadata, spec }: PersistentVolume): boolean {
  const { path = '' } = spec.local ?? {};
  return dirname(path) === folder && basename(path).startsWith(`${metadata.name}_`) && !path.split('/').includes('..');
}
