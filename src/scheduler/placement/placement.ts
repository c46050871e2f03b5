// Where a pod goes: filters leave the nodes that can take it, scores pick one of them. Pure.
// Of a large cluster only a part is scored: enough nodes that can take the pod, beginning where the last pod's search ended.
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { NodeRoom } from '../cluster/node-room.ts';
import { type Filter, incurable, type NodeTest, type Refusal } from '../filters/filter.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { allScores } from '../scores/all.ts';

export interface Fit {
  nodeName: string;
  /** How many nodes were looked at; where the next search may begin. */
  looked: number;
}

export interface Misfit {
  nodeName?: undefined;
  message: string;
  /** Those that refused a node, or all of them. */
  refusedBy: ReadonlySet<Filter>;
  /** By the node's name. */
  refusals: ReadonlyMap<string, Refusal>;
  looked: number;
}

export interface PlacementOptions {
  filters: readonly Filter[];
  /** Pods that have been promised room on a node, by preemption: they count for all that are not more important. */
  promisedOn?(nodeName: string): readonly PodDemand[];
  /** The node that has been promised to the pod itself. */
  promised?: string | undefined;
  /** Where among the nodes to begin. */
  begin?: number;
}

export interface PreparedTest {
  filter: Filter;
  test: NodeTest;
}

/** What the filters have to say about a pod, whichever the node. */
export type Prepared = { tests: readonly PreparedTest[]; only: ReadonlySet<string> | undefined } | Refused;

interface Refused {
  hopeless: string;
  filter: Filter;
}

export function prepareTests(demand: PodDemand, cluster: ClusterView, filters: readonly Filter[]): Prepared {
  const tests: PreparedTest[] = [];
  let only: ReadonlySet<string> | undefined;
  for (const filter of filters) {
    const prepared = filter.prepare(demand, cluster);
    if (!prepared) continue;
    if ('hopeless' in prepared) return { hopeless: prepared.hopeless, filter };
    tests.push({ filter, test: prepared });
    if (prepared.only) only = only ? only.intersection(prepared.only) : prepared.only;
  }
  return { tests, only };
}

export function planPlacement(demand: PodDemand, cluster: ClusterView, options: PlacementOptions): Fit | Misfit {
  const { rooms } = cluster;
  const refusals = new Map<string, Refusal>();
  if (rooms.length === 0) {
    return { message: 'no nodes available to schedule pods', refusedBy: new Set(options.filters), refusals, looked: 0 };
  }
  const prepared = prepareTests(demand, cluster, options.filters);
  if ('hopeless' in prepared) return hopelessOn(rooms, prepared.hopeless, [prepared.filter]);
  if (prepared.only?.size === 0) return atOdds(prepared.tests, rooms);
  const search = new Search(demand, cluster, prepared.tests, options);
  const promised = options.promised === undefined ? undefined : cluster.room(options.promised);
  if (promised && search.fits(promised)) return { nodeName: promised.name, looked: 0 };
  const looked = prepared.only ? search.among(prepared.only) : search.from(options.begin ?? 0);
  const best = bestOf(demand, search.fitting, cluster);
  if (best) return { nodeName: best.name, looked };
  const message = refusalMessage(rooms.length, search.refusals.values());
  return { message, refusedBy: search.refusedBy, refusals: search.refusals, looked };
}

function hopelessOn(rooms: readonly NodeRoom[], why: string, refusedBy: readonly Filter[]): Misfit {
  const refusals = new Map(rooms.map(({ name }) => [name, incurable(why)]));
  const message = `0/${rooms.length} nodes are available: ${why}.`;
  return { message, refusedBy: new Set(refusedBy), refusals, looked: 0 };
}

/** Each of some filters means other nodes by their names. */
function atOdds(tests: readonly PreparedTest[], rooms: readonly NodeRoom[]): Misfit {
  const meaning = tests.filter(({ test }) => test.only).map(({ filter }) => filter);
  const names = namesOf(meaning);
  const why = meaning.length === 1 ? `plugin ${names}` : `plugin(s) [${names}] simultaneously`;
  return hopelessOn(rooms, `node(s) didn't satisfy ${why}`, meaning);
}

const namesOf = (filters: readonly Filter[]) =>
  filters
    .map(({ name }) => name)
    .sort()
    .join(' ');

/** How many nodes that can take a pod are compared. */
export function enoughOf(nodeCount: number): number {
  const atLeast = 100;
  if (nodeCount <= atLeast) return nodeCount;
  const percent = Math.max(5, 50 - Math.floor(nodeCount / 125));
  return Math.max(atLeast, Math.floor((nodeCount * percent) / 100));
}

class Search {
  readonly fitting: NodeRoom[] = [];
  readonly refusals = new Map<string, Refusal>();
  readonly refusedBy = new Set<Filter>();
  readonly #demand: PodDemand;
  readonly #cluster: ClusterView;
  readonly #tests: readonly PreparedTest[];
  readonly #options: PlacementOptions;

  constructor(demand: PodDemand, cluster: ClusterView, tests: readonly PreparedTest[], options: PlacementOptions) {
    this.#demand = demand;
    this.#cluster = cluster;
    this.#tests = tests;
    this.#options = options;
  }

  fits(room: NodeRoom): boolean {
    const found = this.#refusal(room);
    if (!found) return true;
    this.refusals.set(room.name, found.refusal);
    this.refusedBy.add(found.filter);
    return false;
  }

  among(names: ReadonlySet<string>): number {
    const { rooms } = this.#cluster;
    for (const name of names) {
      const room = this.#cluster.room(name);
      if (room && this.fits(room)) this.fitting.push(room);
    }
    if (this.fitting.length > 0) return 0;
    const meaning = this.#tests.filter(({ test }) => test.only).map(({ filter }) => filter);
    const unmeant = incurable(`node(s) didn't satisfy plugin(s) [${namesOf(meaning)}]`);
    for (const { name } of rooms) if (!names.has(name)) this.refusals.set(name, unmeant);
    for (const filter of meaning) this.refusedBy.add(filter);
    return 0;
  }

  from(begin: number): number {
    const { rooms } = this.#cluster;
    const enough = enoughOf(rooms.length);
    let looked = 0;
    for (; looked < rooms.length && this.fitting.length < enough; looked++) {
      const room = rooms[(begin + looked) % rooms.length];
      if (room && this.fits(room)) this.fitting.push(room);
    }
    return looked;
  }

  #refusal(room: NodeRoom): Found | undefined {
    const promised = this.#options
      .promisedOn?.(room.name)
      .filter(({ uid, priority }) => uid !== this.#demand.uid && priority >= this.#demand.priority);
    if (!promised?.length) return firstRefusal(this.#tests, room);
    // It must fit beside them, and without them too: they are not there yet.
    return (
      withPods(this.#tests, room, promised, (full) => firstRefusal(this.#tests, full)) ??
      firstRefusal(this.#tests, room)
    );
  }
}

interface Found {
  filter: Filter;
  refusal: Refusal;
}

export function firstRefusal(tests: readonly PreparedTest[], room: NodeRoom): Found | undefined {
  for (const { filter, test } of tests) {
    const refusal = test.check(room);
    if (refusal) return { filter, refusal };
  }
  return undefined;
}

/** What would be if these pods were on the node, too. */
export function withPods<A>(
  tests: readonly PreparedTest[],
  room: NodeRoom,
  pods: readonly PodDemand[],
  ask: (room: NodeRoom) => A,
): A {
  const full = room.copy();
  for (const pod of pods) {
    full.addPod(pod);
    for (const { test } of tests) test.shift?.(pod, room, 1);
  }
  const answer = ask(full);
  for (const pod of pods) for (const { test } of tests) test.shift?.(pod, room, -1);
  return answer;
}

/** Of nodes that score the same the one with the fewest pods is taken, then the first by name. */
function bestOf(demand: PodDemand, rooms: readonly NodeRoom[], cluster: ClusterView): NodeRoom | undefined {
  if (rooms.length < 2) return rooms[0];
  const totals = rooms.map(() => 0);
  for (const { score, weight } of allScores) {
    const scores = score.of(demand, rooms, cluster);
    if (!scores) continue;
    for (let index = 0; index < totals.length; index++) {
      totals[index] = (totals[index] ?? 0) + weight * (scores[index] ?? 0);
    }
  }
  let best = 0;
  for (let index = 1; index < rooms.length; index++) if (isBetter(rooms, totals, index, best)) best = index;
  return rooms[best];
}

function isBetter(rooms: readonly NodeRoom[], totals: readonly number[], index: number, than: number): boolean {
  const [one, other] = [rooms[index], rooms[than]];
  const [total = 0, otherTotal = 0] = [totals[index], totals[than]];
  if (!one || !other || total !== otherTotal) return total > otherTotal;
  if (one.pods.size !== other.pods.size) return one.pods.size < other.pods.size;
  return one.name < other.name;
}

/** "0/3 nodes are available: 1 node(s) had untolerated taint {gpu: }, 2 Insufficient cpu." */
export function refusalMessage(nodeCount: number, refusals: Iterable<Refusal>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of refusals) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const counted = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available: ${counted.join(', ')}.`;
}
