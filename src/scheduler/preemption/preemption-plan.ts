// Which less important pods have to go so that a pod fits, and from which node. Pure.
// On each node where pods that leave could help: all less important ones are thought away; if the pod fits then, as many of
// them as can are let back, the most important first. Of the nodes the one is taken where it hurts least.
import type { PodDisruptionBudget } from '../../api/kinds/pod-disruption-budget.ts';
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { NodeRoom } from '../cluster/node-room.ts';
import type { Filter, Refusal } from '../filters/filter.ts';
import { incurable } from '../filters/filter.ts';
import {
  firstRefusal,
  type Misfit,
  type PreparedTest,
  prepareTests,
  refusalMessage,
  withPods,
} from '../placement/placement.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { violatingPods } from './disruption-budgets.ts';

export interface Victims {
  nodeName: string;
  /** The most important first. */
  pods: readonly PodDemand[];
  /** How many of them go against a budget. */
  violations: number;
}

export type Preemption = Victims | { nodeName?: undefined; message: string; keepsPromise: boolean };

export interface PreemptionOptions {
  filters: readonly Filter[];
  budgets: readonly PodDisruptionBudget[];
  promisedOn(nodeName: string): readonly PodDemand[];
  promised: string | undefined;
  nowMs: number;
}

const notHelpful = incurable('Preemption is not helpful for scheduling');
const nobodyToGo = incurable('No preemption victims found for incoming pod');

export function planPreemption(
  demand: PodDemand,
  misfit: Misfit,
  cluster: ClusterView,
  options: PreemptionOptions,
): Preemption {
  const ineligible = ineligibility(demand, misfit, cluster, options.promised);
  if (ineligible) return { message: ineligible, keepsPromise: true };
  const prepared = prepareTests(demand, cluster, options.filters);
  const tests = 'hopeless' in prepared ? [] : prepared.tests;
  const refusals: Refusal[] = [];
  const candidates: Victims[] = [];
  const enough = Math.max(100, Math.floor(cluster.rooms.length / 10));
  for (const room of cluster.rooms) {
    const isCurable = misfit.refusals.get(room.name)?.isCurable;
    const found = isCurable ? victimsOn(room, demand, tests, options) : notHelpful;
    if ('reasons' in found) refusals.push(found);
    else candidates.push(found);
    if (candidates.length === enough) break;
  }
  const best = leastHarm(candidates, options.nowMs);
  return best ?? { message: refusalMessage(cluster.rooms.length, refusals), keepsPromise: false };
}

function ineligibility(
  { pod, priority }: PodDemand,
  { refusals }: Misfit,
  cluster: ClusterView,
  promised: string | undefined,
): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const room = promised === undefined ? undefined : cluster.room(promised);
  if (!room || refusals.get(room.name)?.isCurable === false) return undefined;
  const isMadeRoomFor = [...room.pods.values()].some((other) => other.isDoomed && other.priority < priority);
  return isMadeRoomFor ? 'not eligible due to a terminating pod on the nominated node.' : undefined;
}

function victimsOn(
  room: NodeRoom,
  demand: PodDemand,
  tests: readonly PreparedTest[],
  { budgets, promisedOn, nowMs }: PreemptionOptions,
): Victims | Refusal {
  const lesser = [...room.pods.values()].filter(({ priority }) => priority < demand.priority);
  if (lesser.length === 0) return nobodyToGo;
  const byImportance = lesser.sort((one, other) => compareImportance(one, other, nowMs));
  const trial = new Trial(room, tests, promisedOn(room.name), demand);
  try {
    for (const pod of byImportance) trial.remove(pod);
    const refusal = trial.refusal();
    if (refusal) return refusal;
    const violating = violatingPods(byImportance, budgets);
    const victims = new Set<PodDemand>();
    for (const pod of byImportance) if (violating.has(pod) && !trial.letBack(pod)) victims.add(pod);
    const violations = victims.size;
    for (const pod of byImportance) if (!violating.has(pod) && !trial.letBack(pod)) victims.add(pod);
    return { nodeName: room.name, pods: byImportance.filter((pod) => victims.has(pod)), violations };
  } finally {
    trial.end();
  }
}

/** A node on which pods are thought away and back. */
class Trial {
  readonly #real: NodeRoom;
  readonly #room: NodeRoom;
  readonly #tests: readonly PreparedTest[];
  readonly #promised: readonly PodDemand[];
  readonly #away = new Set<PodDemand>();

  constructor(room: NodeRoom, tests: readonly PreparedTest[], promised: readonly PodDemand[], demand: PodDemand) {
    this.#real = room;
    this.#room = room.copy();
    this.#tests = tests;
    this.#promised = promised.filter(({ uid, priority }) => uid !== demand.uid && priority >= demand.priority);
  }

  remove(pod: PodDemand): void {
    this.#room.removePod(pod.uid);
    this.#away.add(pod);
    this.#shift(pod, -1);
  }

  /** False where the pod would be in the way. */
  letBack(pod: PodDemand): boolean {
    this.#room.addPod(pod);
    this.#away.delete(pod);
    this.#shift(pod, 1);
    if (!this.refusal()) return true;
    this.remove(pod);
    return false;
  }

  refusal(): Refusal | undefined {
    const ask = (room: NodeRoom) => firstRefusal(this.#tests, room)?.refusal;
    if (this.#promised.length === 0) return ask(this.#room);
    return withPods(this.#tests, this.#room, this.#promised, ask) ?? ask(this.#room);
  }

  end(): void {
    for (const pod of this.#away) this.#shift(pod, 1);
  }

  #shift(pod: PodDemand, by: 1 | -1): void {
    for (const { test } of this.#tests) test.shift?.(pod, this.#real, by);
  }
}

/** Below zero where the first is more important: of higher priority, or running for longer. */
function compareImportance(one: PodDemand, other: PodDemand, nowMs: number): number {
  return other.priority - one.priority || startedMs(one, nowMs) - startedMs(other, nowMs);
}

function startedMs({ pod }: PodDemand, nowMs: number): number {
  const { startTime } = pod.status;
  return startTime ? Date.parse(startTime) : nowMs;
}

/** The questions by which nodes are compared, one after the other: the smallest answer wins. */
const harms: readonly ((victims: Victims, nowMs: number) => number)[] = [
  ({ violations }) => violations,
  ({ pods }) => pods[0]?.priority ?? Number.NEGATIVE_INFINITY,
  // Each pod counts, also one of a negative priority: few are less than many.
  ({ pods }) => pods.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
  ({ pods }, nowMs) => -Math.min(...mostImportant(pods).map((pod) => startedMs(pod, nowMs))),
];

const mostImportant = (pods: readonly PodDemand[]) => pods.filter(({ priority }) => priority === pods[0]?.priority);

function leastHarm(candidates: readonly Victims[], nowMs: number): Victims | undefined {
  let left = candidates;
  for (const harm of harms) {
    if (left.length < 2) break;
    const answers = left.map((victims) => harm(victims, nowMs));
    const least = Math.min(...answers);
    left = left.filter((_, index) => answers[index] === least);
  }
  return left[0];
}
