// A persistent volume behind a claim of the pod: claim and volume have to be bound to each other, and this node has to be
// one of those that reach the volume.
import { type PersistentVolume, persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { someTermSelects } from '../../api/node-selection.ts';
import { isRefusal } from '../../api/status.ts';
import { setUpHostPath } from './host-path.ts';
import { ensureLocalFolder } from './local-folders.ts';
import { setUpLocal } from './local-volume.ts';
import { setUpNfs } from './nfs.ts';
import type { NodeFacts, ReadyVolume, VolumeOrder, VolumeType } from './volume.ts';
import { ClaimProblem, SetUpProblem } from './volume-problem.ts';

/** The claim's name is in the manifest. */
export const claimedVolume: VolumeType = {
  setUp: async (order) => {
    const { readOnly = false } = order.volume.persistentVolumeClaim ?? {};
    return setUpClaim(order, claimOf(order) ?? '', { isOfPod: false, readOnly });
  },
};

/** The claim comes and goes with the pod, and bears its name. */
export const ephemeralVolume: VolumeType = {
  setUp: async (order) => setUpClaim(order, claimOf(order) ?? '', { isOfPod: true, readOnly: false }),
};

/** The name of the claim that leads to a volume. */
export function claimOf({ pod, volume }: Pick<VolumeOrder, 'pod' | 'volume'>): string | undefined {
  if (volume.ephemeral) return `${pod.metadata.name}-${volume.name}`;
  return volume.persistentVolumeClaim?.claimName;
}

/** Where the file system is whose room is told, of a volume that an agent before this one made ready; undefined where it has none. */
export async function measuredFolder(order: VolumeOrder): Promise<string | undefined> {
  const claim = claimOf(order);
  if (claim === undefined) return order.volume.nfs && order.folder('nfs');
  const text = await order.world.keepsakes.find(order.pod.metadata.uid ?? '', keptAs(claim));
  if (text === undefined) return undefined;
  const { spec } = JSON.parse(text) as PersistentVolume;
  return spec.nfs ? order.folder('nfs') : spec.local?.path;
}

const keptAs = (claim: string) => `claim ${claim}`;

async function setUpClaim(
  order: VolumeOrder,
  name: string,
  use: { isOfPod: boolean; readOnly: boolean },
): Promise<ReadyVolume> {
  const found = await boundVolume(order, name, use.isOfPod);
  const ready = await setUpSource(order, found).catch((error: Error) => {
    throw error instanceof SetUpProblem ? error : new SetUpProblem(found.metadata.name, error.message);
  });
  return { ...ready, isReadOnly: ready.isReadOnly || use.readOnly };
}

/** As the API says; while it is away, the one that this very pod had. */
async function boundVolume(order: VolumeOrder, claim: string, isOfPod: boolean): Promise<PersistentVolume> {
  const { uid = '' } = order.pod.metadata;
  const { keepsakes } = order.world;
  const kept = keptAs(claim);
  try {
    const found = await askForVolume(order, claim, isOfPod);
    keepsakes.keep(uid, kept, JSON.stringify(found));
    return found;
  } catch (error) {
    const text = error instanceof ClaimProblem && error.isAway ? await keepsakes.find(uid, kept) : undefined;
    if (text === undefined) throw error;
    return JSON.parse(text) as PersistentVolume;
  }
}

async function askForVolume(order: VolumeOrder, name: string, isOfPod: boolean): Promise<PersistentVolume> {
  const { pod, world, volume } = order;
  const { namespace } = pod.metadata;
  const problem = (why: string, error?: unknown) =>
    new ClaimProblem(`error processing PVC ${namespace}/${name}: ${why}`, error !== undefined && !isRefusal(error));
  const claim = await world.client.get(persistentVolumeClaims, { namespace, name }).catch((error: Error) => {
    throw problem(`failed to fetch PVC from API server: ${error.message}`, error);
  });
  const fault = claimFault(claim, pod, isOfPod);
  if (fault) throw problem(fault);
  const { volumeName = '' } = claim.spec;
  const found = await world.client.get(persistentVolumes, { name: volumeName }).catch((error: Error) => {
    throw problem(`failed to get PV ${volumeName} from PVC "${name}": ${error.message}`, error);
  });
  const { claimRef, volumeMode = 'Filesystem' } = found.spec;
  if (claimRef?.uid !== claim.metadata.uid) {
    const wrong = `its claimRef.UID ("${claimRef?.uid ?? ''}") is not the claim's ("${claim.metadata.uid}")`;
    throw problem(`failed to get PV ${volumeName}: ${wrong}`);
  }
  if (volumeMode !== 'Filesystem')
    throw problem(`volume ${volume.name} has volumeMode ${volumeMode}, but is specified in volumeMounts`);
  checkNode(found, world.node());
  return found;
}

/** Why a claim leads to no volume; undefined where it does. */
function claimFault(claim: PersistentVolumeClaim, pod: Pod, isOfPod: boolean): string | undefined {
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

async function setUpSource(order: VolumeOrder, volume: PersistentVolume): Promise<ReadyVolume> {
  const { metadata, spec } = volume;
  const { hostPath, nfs, local, mountOptions = [] } = spec;
  if (hostPath) return setUpHostPath(hostPath, order.world.mounter, order.signal);
  if (nfs) return setUpNfs(order, nfs, mountOptions);
  if (local) {
    const { volumesDir } = order.world.node();
    if (volumesDir !== undefined) await ensureLocalFolder(volume, volumesDir);
    return setUpLocal(order, local, metadata.name);
  }
  const described = ['accessModes', 'capacity', 'claimRef', 'persistentVolumeReclaimPolicy', 'storageClassName'];
  const type = Object.keys(spec).find(
    (key) => !described.includes(key) && typeof spec[key as keyof typeof spec] === 'object',
  );
  throw new SetUpProblem(metadata.name, `this agent cannot mount ${type ?? 'such'} volumes`);
}
