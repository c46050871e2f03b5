// A persistent volume behind a claim of the pod: claim and volume have to be bound to each other, and this node has to be
// one of those that reach the volume.
import { type PersistentVolume, persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { someTermSelects } from '../../api/node-selection.ts';
import { setUpHostPath } from './host-path.ts';
import { setUpLocal } from './local-volume.ts';
import { setUpNfs } from './nfs.ts';
import type { NodeFacts, ReadyVolume, VolumeOrder, VolumeType } from './volume.ts';
import { ClaimProblem, SetUpProblem } from './volume-problem.ts';

/** The claim's name is in the manifest. */
export const claimedVolume: VolumeType = {
  setUp: async (order) => {
    const { claimName = '', readOnly = false } = order.volume.persistentVolumeClaim ?? {};
    return setUpClaim(order, claimName, { isOfPod: false, readOnly });
  },
};

/** The claim comes and goes with the pod, and bears its name. */
export const ephemeralVolume: VolumeType = {
  setUp: async (order) => {
    const { pod, volume } = order;
    return setUpClaim(order, `${pod.metadata.name}-${volume.name}`, { isOfPod: true, readOnly: false });
  },
};

async function setUpClaim(
  order: VolumeOrder,
  name: string,
  use: { isOfPod: boolean; readOnly: boolean },
): Promise<ReadyVolume> {
  const { pod, world } = order;
  const { namespace } = pod.metadata;
  const called = `${namespace}/${name}`;
  const about = (why: string) => new ClaimProblem(`error processing PVC ${called}: ${why}`);
  const claim = await world.client.get(persistentVolumeClaims, { namespace, name }).catch((error: Error) => {
    throw about(`failed to fetch PVC from API server: ${error.message}`);
  });
  const problem = claimProblem(claim, pod, use.isOfPod);
  if (problem) throw about(problem);
  const { volumeName = '' } = claim.spec;
  const found = await world.client.get(persistentVolumes, { name: volumeName }).catch((error: Error) => {
    throw about(`failed to get PV ${volumeName} from PVC "${name}": ${error.message}`);
  });
  if (found.spec.claimRef?.uid !== claim.metadata.uid) {
    const { uid = '' } = found.spec.claimRef ?? {};
    throw about(
      `failed to get PV ${volumeName}: its claimRef.UID ("${uid}") is not the claim's ("${claim.metadata.uid}")`,
    );
  }
  const mode = found.spec.volumeMode ?? 'Filesystem';
  if (mode !== 'Filesystem')
    throw about(`volume ${order.volume.name} has volumeMode ${mode}, but is specified in volumeMounts`);
  checkNode(found, world.node());
  const ready = await setUpSource(order, found).catch((error: Error) => {
    throw error instanceof SetUpProblem ? error : new SetUpProblem(volumeName, error.message);
  });
  return { ...ready, isReadOnly: ready.isReadOnly || use.readOnly };
}

/** Why a claim leads to no volume; undefined where it does. */
export function claimProblem(claim: PersistentVolumeClaim, pod: Pod, isOfPod: boolean): string | undefined {
  const { namespace, name, ownerReferences = [], uid } = claim.metadata;
  const isOwned = ownerReferences.some((owner) => owner.controller && owner.uid === pod.metadata.uid);
  if (isOfPod && !isOwned) {
    const whose = `${pod.metadata.namespace}/${pod.metadata.name}`;
    return `PVC ${namespace}/${name} was not created for pod ${whose} (pod is not owner)`;
  }
  if (isBeingDeleted(claim)) return 'PVC is being deleted';
  if (claim.status.phase !== 'Bound' || !claim.spec.volumeName) return 'PVC is not bound';
  if (!uid) return 'PVC has no UID';
  return undefined;
}

function checkNode({ metadata, spec }: PersistentVolume, { name, labels }: NodeFacts): void {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
  if (!terms || someTermSelects(terms, { metadata: { name, labels } })) return;
  throw new NodeProblem(metadata.name);
}

class NodeProblem extends SetUpProblem {
  constructor(volume: string) {
    super(volume, '');
    this.message = `MountVolume.NodeAffinity check failed for volume "${volume}" : no matching NodeSelectorTerms`;
  }
}

async function setUpSource(order: VolumeOrder, { metadata, spec }: PersistentVolume): Promise<ReadyVolume> {
  const { hostPath, nfs, local, mountOptions = [] } = spec;
  if (hostPath) return setUpHostPath(hostPath, order.world.mounter, order.signal);
  if (nfs) return setUpNfs(order, nfs, mountOptions);
  if (local) return setUpLocal(order, local, metadata.name);
  const described = ['accessModes', 'capacity', 'claimRef', 'persistentVolumeReclaimPolicy', 'storageClassName'];
  const type = Object.keys(spec).find(
    (key) => !described.includes(key) && typeof spec[key as keyof typeof spec] === 'object',
  );
  throw new SetUpProblem(metadata.name, `this agent cannot mount ${type ?? 'such'} volumes`);
}
