// How large each replica set of a deployment shall be now: during a rolling update, when the deployment is scaled, and
// when it is recreated. Pure arithmetic; Kubernetes' rules.
import { shareOf } from '../../api/int-or-percent.ts';
import type { Deployment } from '../../api/kinds/deployment.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { byAge, desiredReplicasAnnotation, type History, maxReplicasAnnotation } from './deployment-history.ts';

/** New sizes by the set's name; a set that is not named keeps its size. */
export type Sizes = Map<string, number>;

export const sizeOf = ({ spec }: ReplicaSet): number => spec.replicas ?? 1;
/** Of the pods that stay: what a set has beyond its size is about to go, and its status may not know that yet. */
const availableOf = (set: ReplicaSet): number => Math.min(sizeOf(set), set.status.availableReplicas ?? 0);
/** With the pods that it has beyond its size, as long as they have not been told to go. */
const heldBy = (set: ReplicaSet): number => Math.max(sizeOf(set), set.status.replicas ?? 0);
export const total = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number =>
  sets.reduce((sum, set) => sum + of(set), 0);

export interface Bounds {
  replicas: number;
  maxSurge: number;
  maxUnavailable: number;
}

export function boundsOf({ spec }: Deployment): Bounds {
  const replicas = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { replicas, maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge: surge = '25%', maxUnavailable: unavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const maxSurge = shareOf(surge, replicas, Math.ceil);
  const maxUnavailable = shareOf(unavailable, replicas, Math.floor);
  // One of the two must allow a step, or nothing would ever move.
  const atLeastOne = maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable;
  return { replicas, maxSurge, maxUnavailable: Math.min(replicas, atLeastOne) };
}

/** The first size of the present set, or its next one: as large as the surge allows. */
export function grownSize(bounds: Bounds, current: number, all: readonly ReplicaSet[]): number {
  const room = bounds.replicas + bounds.maxSurge - total(all, heldBy);
  return room <= 0 ? current : current + Math.min(room, bounds.replicas - current);
}

/** One move: the new set grows where it can; else the old ones shrink as far as enough pods stay available. */
export function rollingSizes(bounds: Bounds, current: ReplicaSet, old: readonly ReplicaSet[]): Sizes {
  const size = sizeOf(current);
  const grown = size > bounds.replicas ? bounds.replicas : grownSize(bounds, size, [current, ...old]);
  if (grown !== size) return new Map([[current.metadata.name, grown]]);
  return shrinkOld(bounds, current, old);
}

function shrinkOld(bounds: Bounds, current: ReplicaSet, old: readonly ReplicaSet[]): Sizes {
  const sizes: Sizes = new Map();
  const all = [current, ...old];
  const minAvailable = bounds.replicas - bounds.maxUnavailable;
  const newUnavailable = sizeOf(current) - availableOf(current);
  let mayGo = total(all, sizeOf) - minAvailable - newUnavailable;
  if (total(old, sizeOf) === 0 || mayGo <= 0) return sizes;
  // Pods that serve nobody go first, or they would hold up the update.
  for (const set of old) {
    const unhealthy = Math.min(Math.max(0, mayGo), sizeOf(set) - availableOf(set));
    if (unhealthy <= 0) continue;
    sizes.set(set.metadata.name, sizeOf(set) - unhealthy);
    mayGo -= unhealthy;
  }
  let spare = Math.min(mayGo, total(all, availableOf) - minAvailable);
  for (const set of old) {
    const left = sizes.get(set.metadata.name) ?? sizeOf(set);
    const going = Math.min(left, Math.max(0, spare));
    if (going === 0) continue;
    sizes.set(set.metadata.name, left - going);
    spare -= going;
  }
  return sizes;
}

/** True where somebody changed `spec.replicas` since the sets were last sized. */
export function isScaled({ spec }: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[desiredReplicasAnnotation];
    return sizeOf(set) > 0 && desired !== undefined && Number(desired) !== (spec.replicas ?? 1);
  });
}

/** Sizes after the deployment was scaled; amid a rollout every set grows or shrinks in proportion. */
export function scaledSizes(deployment: Deployment, { current, old }: History): Sizes {
  const bounds = boundsOf(deployment);
  const all = current ? [...old, current] : [...old];
  const active = all.filter((set) => sizeOf(set) > 0);
  const only = active.length === 0 ? (current ?? old.at(-1)) : active.length === 1 ? active[0] : undefined;
  if (only) return new Map([[only.metadata.name, bounds.replicas]]);
  if (current && isSaturated(current, bounds.replicas)) {
    return new Map(active.filter((set) => set !== current).map((set) => [set.metadata.name, 0]));
  }
  if (deployment.spec.strategy?.type === 'Recreate') return new Map();
  return proportionalSizes(deployment, bounds, active);
}

function isSaturated(current: ReplicaSet, replicas: number): boolean {
  const desired = Number(current.metadata.annotations?.[desiredReplicasAnnotation]);
  return sizeOf(current) === replicas && desired === replicas && availableOf(current) === replicas;
}

function proportionalSizes(deployment: Deployment, bounds: Bounds, active: readonly ReplicaSet[]): Sizes {
  const allowed = bounds.replicas > 0 ? bounds.replicas + bounds.maxSurge : 0;
  const toAdd = allowed - total(active, sizeOf);
  // The largest set takes the rounding; of equal ones the newest when growing, the oldest when shrinking.
  const sorted = active.toSorted((a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  const sizes: Sizes = new Map();
  let added = 0;
  for (const set of sorted) {
    const share = proportionOf(deployment, bounds, set);
    const left = toAdd - added;
    const portion = left === 0 ? 0 : toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
    sizes.set(set.metadata.name, sizeOf(set) + portion);
    added += portion;
  }
  const [largest] = sorted;
  if (largest) {
    const size = sizes.get(largest.metadata.name) ?? 0;
    sizes.set(largest.metadata.name, Math.max(0, size + toAdd - added));
  }
  return sizes;
}

function proportionOf({ status }: Deployment, bounds: Bounds, set: ReplicaSet): number {
  if (bounds.replicas === 0) return -sizeOf(set);
  const before = Number(set.metadata.annotations?.[maxReplicasAnnotation]) || status.replicas || 0;
  if (before === 0) return 0;
  return Math.round((sizeOf(set) * (bounds.replicas + bounds.maxSurge)) / before) - sizeOf(set);
}
