// Which volume a claim gets of those that are there: one that was meant for it, or else the smallest that will do. Pure.
import { isMeantFor } from './claim-binding.ts';
import type { PersistentVolume } from './kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from './kinds/persistent-volume-claim.ts';
import { storageClassOf } from './kinds/volume-access.ts';
import { isBeingDeleted } from './meta.ts';
import { type NamedNode, someTermSelects } from './node-selection.ts';
import { compareQuantities, parseQuantity, type Quantity } from './quantity.ts';
import { quantityOf } from './resource-names.ts';
import { matchesLabelSelector } from './selector.ts';

/** The volumes that will do, the best first: the one that was meant for the claim, or else all that are free and fit. */
export function fittingVolumes(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
): readonly PersistentVolume[] {
  const found: Ranked[] = [];
  for (const volume of volumes) {
    const isMeant = isMeantFor(volume, claim);
    if (volume.spec.claimRef && !isMeant) continue;
    if (sizeFault(volume, claim) ?? modeFault(volume, claim)) continue;
    // Who was promised one volume gets no other in its place.
    if (isMeant) return accessFault(volume, claim) ? [] : [volume];
    if (!isFree(volume) || !isFitting(volume, claim)) continue;
    found.push({ volume, modeCount: (volume.spec.accessModes ?? []).length, size: capacityOf(volume) });
  }
  return found.sort(bestFirst).map(({ volume }) => volume);
}

/** The one for the claim as long as it waits for its pod: only what was meant for it comes into question. */
export function meantVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): PersistentVolume | undefined {
  return fittingVolumes(
    claim,
    volumes.filter((volume) => isMeantFor(volume, claim)),
  )[0];
}

/** Why the volume is not what the claim asks for, in Kubernetes' words; undefined where it is. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const isOtherClass = classOf(volume) !== classOf(claim) && 'storageClassName does not match';
  return (
    sizeFault(volume, claim) ?? (isOtherClass || undefined) ?? modeFault(volume, claim) ?? accessFault(volume, claim)
  );
}

export function isReachable({ spec: { nodeAffinity } }: PersistentVolume, node: NamedNode | undefined): boolean {
  const terms = nodeAffinity?.required?.nodeSelectorTerms;
  return !node || !terms || someTermSelects(terms, node);
}

export const capacityOf = (volume: PersistentVolume): Quantity => quantityOf(volume.spec.capacity, 'storage') ?? none;

export const requestOf = (claim: PersistentVolumeClaim): Quantity =>
  quantityOf(claim.spec.resources?.requests, 'storage') ?? none;

const none = parseQuantity(0) as Quantity;

const classOf = (object: PersistentVolume | PersistentVolumeClaim) => storageClassOf(object) ?? '';

function sizeFault(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  return compareQuantities(capacityOf(volume), requestOf(claim)) < 0 ? 'requested PV is too small' : undefined;
}

export function modeFault({ spec: has }: PersistentVolume, { spec: asks }: PersistentVolumeClaim): string | undefined {
  const isSame = (has.volumeMode ?? 'Filesystem') === (asks.volumeMode ?? 'Filesystem');
  return isSame ? undefined : 'incompatible volumeMode';
}

function accessFault(volume: PersistentVolume, { spec: { accessModes = [] } }: PersistentVolumeClaim) {
  const has = volume.spec.accessModes ?? [];
  return accessModes.every((mode) => has.includes(mode)) ? undefined : 'incompatible accessMode';
}

const isFree = (volume: PersistentVolume) => volume.status.phase === 'Available' && !isBeingDeleted(volume);

function isFitting(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { selector, volumeAttributesClassName = '' } = claim.spec;
  if (accessFault(volume, claim) || classOf(volume) !== classOf(claim)) return false;
  if ((volume.spec.volumeAttributesClassName ?? '') !== volumeAttributesClassName) return false;
  return !selector || matchesLabelSelector(selector, volume.metadata.labels);
}

interface Ranked {
  volume: PersistentVolume;
  modeCount: number;
  size: Quantity;
}

/** What offers fewer ways of access is kept for none else; then the smaller, then the first by name. */
function bestFirst(one: Ranked, other: Ranked): number {
  if (one.modeCount !== other.modeCount) return one.modeCount - other.modeCount;
  return compareQuantities(one.size, other.size) || (one.volume.metadata.name < other.volume.metadata.name ? -1 : 1);
}
