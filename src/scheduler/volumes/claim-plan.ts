// Which volumes the claims of a pod get on one node, and which are to be made there; or why the node does not come into
// question. Pure.
import { noProvisioner, selectedNode } from '../../api/claim-binding.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { isReachable } from '../../api/volume-match.ts';
import type { SortedClaims, Storage, WaitingClaim } from './claims-of-pod.ts';

export interface ClaimPlan {
  bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[];
  /** Volumes for these are to be made on the node. */
  provisions: PersistentVolumeClaim[];
}

export const noSuchVolume = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';
export const outOfReach = "node(s) didn't match PersistentVolume's node affinity";
export const nothingToBind = "node(s) didn't find available persistent volumes to bind";

export function planClaims(claims: SortedClaims, node: Node, storage: Storage): ClaimPlan | { reasons: string[] } {
  const fault = boundFault(claims.bound, node, storage);
  if (fault === noSuchVolume) return { reasons: [fault] };
  const plan = planWaiting(claims.waiting, node, storage);
  if (fault === undefined && plan) return plan;
  return { reasons: [...(fault ? [fault] : []), ...(plan ? [] : [nothingToBind])] };
}

function boundFault(bound: readonly PersistentVolumeClaim[], node: Node, storage: Storage): string | undefined {
  const volumes = bound.map(({ spec }) => storage.volume(spec.volumeName ?? ''));
  if (volumes.some((volume) => !volume)) return noSuchVolume;
  return volumes.every((volume) => volume && isReachable(volume, node)) ? undefined : outOfReach;
}

function planWaiting(waiting: readonly WaitingClaim[], node: Node, storage: Storage): ClaimPlan | undefined {
  const plan: ClaimPlan = { bindings: [], provisions: [] };
  const taken = new Set<string>();
  for (const { claim, fitting } of waiting) {
    const chosen = claim.metadata.annotations?.[selectedNode];
    if (chosen !== undefined && chosen !== node.metadata.name) return undefined;
    // For what was given to a node before, somebody is at work already.
    const isHere = (each: PersistentVolume) => !taken.has(each.metadata.name) && isReachable(each, node);
    const volume = chosen === undefined ? fitting.find(isHere) : undefined;
    if (volume) {
      taken.add(volume.metadata.name);
      plan.bindings.push({ claim, volume });
    } else if (canBeMade(storage.storageClass(storageClassOf(claim) ?? ''), node)) plan.provisions.push(claim);
    else return undefined;
  }
  return plan;
}

function canBeMade(storageClass: StorageClass | undefined, { metadata: { labels = {} } }: Node): boolean {
  if (!storageClass?.provisioner || storageClass.provisioner === noProvisioner) return false;
  const { allowedTopologies = [] } = storageClass;
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
  );
}
