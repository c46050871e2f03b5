// What a daemon set's nodes need: pods that are missing, pods that are too many, and one step of an update. Pure. What is
// missing or too many goes before updates; an update goes on when nothing of that is left.
import { shareOf } from '../../api/int-or-percent.ts';
import type { DaemonSet } from '../../api/kinds/daemon-set.ts';
import type { Node } from '../../api/kinds/node.ts';
import { isPodFinished, isPodReady, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { availableInMs } from '../../api/pod-availability.ts';
import { eligibility, isUpToDate, nodeOf } from './daemon-set-pods.ts';

export interface ObservedDaemonSet {
  set: DaemonSet;
  nodes: readonly Node[];
  /** All of the set, also those on their way out. */
  pods: readonly Pod[];
  /** Of the present template. */
  hash: string;
  /** A pod that failed is to be left alone yet, lest others fail in its place without end. */
  isHeldBack(pod: Pod): boolean;
  nowMs: number;
}

export interface DaemonPlan {
  /** The nodes that get a pod. */
  create: string[];
  delete: Pod[];
  /** Pods that ended on their own. */
  ended: Pod[];
}

/** A node that is or was for the set, and the set's pods there. */
export interface Station {
  nodeName: string;
  isWanted: boolean;
  mayStay: boolean;
  /** The oldest first. */
  pods: Pod[];
}

export function planDaemonSet(observed: ObservedDaemonSet): DaemonPlan {
  const stations = stationsOf(observed);
  const upkeep = merge(stations.map((station) => planUpkeep(observed, station)));
  upkeep.delete.push(...nodeless(observed));
  const isQuiet = upkeep.create.length + upkeep.delete.length + upkeep.ended.length === 0;
  if (!isQuiet || observed.set.spec.updateStrategy?.type === 'OnDelete') return upkeep;
  const limits = limitsOf(observed.set, stations.filter(({ isWanted }) => isWanted).length);
  return limits.surge > 0 ? planSurge(observed, stations, limits) : planReplacement(observed, stations, limits);
}

export function stationsOf({ set, nodes, pods }: ObservedDaemonSet): Station[] {
  // Pods that ended and are being deleted as well are nobody's business any more.
  const concerned = pods.filter((pod) => !(isPodFinished(pod) && isBeingDeleted(pod)));
  const byNode = Map.groupBy(concerned.toSorted(oldestFirst), nodeOf);
  return nodes
    .toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))
    .map((node) => {
      const nodeName = node.metadata.name;
      return { nodeName, ...eligibility(set, node), pods: byNode.get(nodeName) ?? [] };
    });
}

function oldestFirst(one: Pod, other: Pod): number {
  const rank = ({ metadata, spec }: Pod) => `${spec.nodeName ? 0 : 1} ${metadata.creationTimestamp} ${metadata.name}`;
  return rank(one) < rank(other) ? -1 : 1;
}

/** Pods that wait for a node that is gone: no one else would remove them. */
function nodeless({ nodes, pods }: ObservedDaemonSet): Pod[] {
  const known = new Set(nodes.map(({ metadata }) => metadata.name));
  return pods.filter((pod) => !pod.spec.nodeName && !isBeingDeleted(pod) && !known.has(nodeOf(pod) ?? ''));
}

const nothing = (): DaemonPlan => ({ create: [], delete: [], ended: [] });

function merge(plans: readonly DaemonPlan[]): DaemonPlan {
  return {
    create: plans.flatMap((plan) => plan.create),
    delete: plans.flatMap((plan) => plan.delete),
    ended: plans.flatMap((plan) => plan.ended),
  };
}

function planUpkeep(observed: ObservedDaemonSet, { nodeName, isWanted, mayStay, pods }: Station): DaemonPlan {
  const staying = pods.filter((pod) => !isBeingDeleted(pod));
  if (pods.length === 0) return { ...nothing(), create: isWanted ? [nodeName] : [] };
  if (!mayStay) return { ...nothing(), delete: staying };
  const ended = staying.filter((pod) => isPodFinished(pod) && !observed.isHeldBack(pod));
  const running = staying.filter((pod) => !isPodFinished(pod));
  if (limitsOf(observed.set, 1).surge === 0) return { create: [], delete: running.slice(1), ended };
  // Where there may be two, a pod on its way out does not keep the next one from coming.
  if (staying.length === 0 && isWanted) return { ...nothing(), create: [nodeName] };
  return { create: [], delete: surplus(observed, running), ended };
}

/** An old pod and a new one may be there together as long as the old one serves and the new one does not yet. */
function surplus(observed: ObservedDaemonSet, running: readonly Pod[]): Pod[] {
  if (running.length <= 1) return [];
  const fresh = running.find((pod) => isUpToDate(pod, observed.hash));
  const old = running.find((pod) => !isUpToDate(pod, observed.hash));
  const others = running.filter((pod) => pod !== fresh && pod !== old);
  const isReplaced = fresh && old && (!isPodReady(old) || isAvailable(observed, fresh));
  return isReplaced ? [...others, old] : others;
}

interface Limits {
  surge: number;
  unavailable: number;
}

function limitsOf({ spec }: DaemonSet, wanted: number): Limits {
  const { type, rollingUpdate = {} } = spec.updateStrategy ?? {};
  if (type === 'OnDelete') return { surge: 0, unavailable: 0 };
  const surge = shareOf(rollingUpdate.maxSurge ?? 0, wanted, Math.ceil);
  const unavailable = shareOf(rollingUpdate.maxUnavailable ?? 1, wanted, Math.ceil);
  return { surge, unavailable: surge === 0 ? Math.max(1, unavailable) : unavailable };
}

interface Pair {
  fresh: Pod | undefined;
  old: Pod | undefined;
}

/** The pods of a node that stay; undefined where there are more than one of a kind, which upkeep clears up. */
function pairOn({ hash }: ObservedDaemonSet, { pods }: Station): Pair | undefined {
  const staying = pods.filter((pod) => !isBeingDeleted(pod));
  const fresh = staying.filter((pod) => isUpToDate(pod, hash));
  const old = staying.filter((pod) => !isUpToDate(pod, hash));
  return fresh.length > 1 || old.length > 1 ? undefined : { fresh: fresh[0], old: old[0] };
}

const isAvailable = ({ set, nowMs }: ObservedDaemonSet, pod: Pod) =>
  availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) === 0;

/** An old pod goes first, a new one comes after it: as many at a time as may be unavailable. */
function planReplacement(
  observed: ObservedDaemonSet,
  stations: readonly Station[],
  { unavailable }: Limits,
): DaemonPlan {
  let spare = unavailable;
  const broken: Pod[] = [];
  const serving: Pod[] = [];
  for (const station of stations) {
    if (station.pods.length === 0 && !station.isWanted) continue;
    const { fresh, old } = pairOn(observed, station) ?? {};
    const only = fresh && old ? undefined : (fresh ?? old);
    if (!only || !isAvailable(observed, only)) spare -= 1;
    if (!only || only !== old) continue;
    // One that serves nobody may go in any case.
    (isAvailable(observed, old) ? serving : broken).push(old);
  }
  return { ...nothing(), delete: [...broken, ...serving.slice(0, Math.max(0, spare))] };
}

/** A new pod comes beside the old one, as many at a time as may be too many; the old one goes when the new one serves. */
function planSurge(observed: ObservedDaemonSet, stations: readonly Station[], { surge }: Limits): DaemonPlan {
  const plan = nothing();
  const candidates: string[] = [];
  const unwanted: Pod[] = [];
  let spare = surge;
  let available = 0;
  for (const station of stations) {
    if (station.pods.length === 0) continue;
    const pair = pairOn(observed, station);
    if (!pair) {
      spare -= 1;
      continue;
    }
    const { fresh, old } = pair;
    const first = old ?? fresh;
    if (first && isAvailable(observed, first)) available += 1;
    if (!old) continue;
    if (fresh) {
      if (isAvailable(observed, fresh)) plan.delete.push(old);
      else spare -= 1;
    } else if (isAvailable(observed, old)) {
      if (station.isWanted) candidates.push(station.nodeName);
      else unwanted.push(old);
    } else if (station.isWanted) plan.create.push(station.nodeName);
    else plan.delete.push(old);
  }
  const wanted = stations.filter(({ isWanted }) => isWanted).length;
  // A node that is for the set no longer keeps its pod until others serve in its place.
  plan.delete.push(...unwanted.slice(0, Math.max(0, available - wanted)));
  plan.create.push(...candidates.slice(0, Math.max(0, spare)));
  return plan;
}
