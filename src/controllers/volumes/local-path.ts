// Makes volumes on the nodes' own disks for claims of classes that ask for them, and deletes them when their claims are gone.
// It writes PersistentVolumes alone: the agent of the node makes the folder when a pod first mounts it, and takes it away
// before it lets the volume go (its finalizer).
import { selectedNode } from '../../api/claim-binding.ts';
import { nodes } from '../../api/kinds/node.ts';
import { type PersistentVolume, persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { storageClasses } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { folderFinalizer, isLocalPathVolume, localPathProvisioner, volumeNodeLabel } from '../../api/local-path.ts';
import { keyOf } from '../../api/meta.ts';
import { isAlreadyExists, isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { nodeExists } from '../node-exists.ts';
import { isAskedOf, planGiveUp, planProvision, volumeNameFor } from './local-path-plan.ts';
import { letGo } from './protection.ts';

/** Each waits for the store most of its time, which writes what comes together at once. */
const workers = 32;

export function localPathController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('local-path');
  const events = context.recorder(localPathProvisioner);
  const claims = informers.for(persistentVolumeClaims);
  const volumes = informers.for(persistentVolumes);
  const classes = informers.for(storageClasses);
  const allNodes = informers.for(nodes);
  const volumesOfNode = volumes.indexBy(({ metadata }) => [metadata.labels?.[volumeNodeLabel] ?? '']);
  const claimsOfNode = claims.indexBy((claim) => (isAskedOf(claim) ? nodeOf(claim) : []));
  const claimQueue = context.workQueue({ name: 'local-path claims', log, clock, sync: syncClaim, workers });
  const volumeQueue = context.workQueue({ name: 'local-path volumes', log, clock, sync: syncVolume, workers });

  claims.onChange(({ key, object }) => {
    if (object && isAskedOf(object)) claimQueue.add(key);
  });
  volumes.onChange(({ key, object }) => {
    if (object && isLocalPathVolume(object)) volumeQueue.add(key);
  });
  allNodes.onChange(({ key, object, previous }) => {
    // Comes, goes, or says for the first time where it keeps volumes.
    if (object && previous && object.metadata.annotations === previous.metadata.annotations) return;
    for (const claim of claimsOfNode(key)) claimQueue.add(keyOf(claim));
    if (!object) for (const { metadata } of volumesOfNode(key)) volumeQueue.add(metadata.name);
  });

  async function syncClaim(key: string): Promise<void> {
    const claim = claims.get(key);
    if (!claim || volumes.get(volumeNameFor(claim))) return;
    const [nodeName] = nodeOf(claim);
    const storageClass = classes.get(storageClassOf(claim) ?? '');
    const step = planProvision(claim, storageClass, allNodes.get(nodeName ?? ''));
    switch (step.do) {
      case 'refuse':
        return tellFailure(claim, step.message);
      case 'choose-again':
        tellFailure(claim, step.message);
        return dropNode(claim);
      case 'make':
        return make(claim, step.volume);
    }
  }

  function tellFailure(claim: PersistentVolumeClaim, why: string): void {
    const message = `failed to provision volume with StorageClass "${storageClassOf(claim)}": ${why}`;
    events.record(claim, { type: 'Warning', reason: 'ProvisioningFailed', message });
  }

  async function make(claim: PersistentVolumeClaim, volume: Parameters<typeof client.create<PersistentVolume>>[1]) {
    const { name } = volume.metadata;
    const message = `External provisioner is provisioning volume for claim "${keyOf(claim)}"`;
    events.record(claim, { type: 'Normal', reason: 'Provisioning', message });
    try {
      await client.create(persistentVolumes, volume);
    } catch (error) {
      // Our copy did not know of it yet.
      if (isAlreadyExists(error)) return;
      tellFailure(claim, (error as Error).message);
      throw error;
    }
    events.record(claim, {
      type: 'Normal',
      reason: 'ProvisioningSucceeded',
      message: `Successfully provisioned volume ${name}`,
    });
  }

  async function dropNode(claim: PersistentVolumeClaim): Promise<void> {
    const { resourceVersion } = claim.metadata;
    const patch = { metadata: { resourceVersion, annotations: { [selectedNode]: null } } };
    await client.patch(persistentVolumeClaims, claim.metadata, patch);
  }

  async function syncVolume(name: string): Promise<void> {
    const volume = volumes.get(name);
    if (!volume) return;
    const nodeName = volume.metadata.labels?.[volumeNodeLabel];
    switch (planGiveUp(volume, await isThere(nodeName))) {
      case 'delete':
        return remove(volume);
      case 'let-go': {
        const message = `node "${nodeName}" is no part of the cluster any more: ${volume.spec.local?.path} is left on its disk`;
        events.record(volume, { type: 'Warning', reason: 'VolumeFailedDelete', message });
        return letGo(client, persistentVolumes, volume, folderFinalizer);
      }
    }
  }

  async function remove({ metadata }: PersistentVolume): Promise<void> {
    try {
      await client.delete(persistentVolumes, metadata, { uid: metadata.uid });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function isThere(name = ''): Promise<boolean> {
    return name !== '' && (allNodes.get(name) !== undefined || (await nodeExists(client, name)));
  }

  const start = (signal: AbortSignal) => {
    claimQueue.start(signal);
    volumeQueue.start(signal);
  };
  return { name: 'local-path', start };
}

const nodeOf = ({ metadata }: PersistentVolumeClaim): string[] => {
  const name = metadata.annotations?.[selectedNode];
  return name ? [name] : [];
};
