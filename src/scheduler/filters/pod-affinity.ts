// The pod stands where its required (anti-)affinity to other pods, and theirs to it, lets it: a term is about all nodes
// that have the same value of its topology label.
import { isDeepStrictEqual } from 'node:util';
import type { Node } from '../../api/kinds/node.ts';
import { always } from '../cluster/cluster-change.ts';
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { NodeRoom } from '../cluster/node-room.ts';
import { addTo, type PodSort } from '../cluster/pod-counts.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { type PodTerm, termMatches } from '../pods/pod-terms.ts';
import { curable, type Filter, incurable, type NodeTest, type Refusal } from './filter.ts';

const farFromFriends = incurable("node(s) didn't match pod affinity rules");
const nearToFoes = curable("node(s) didn't match pod anti-affinity rules");
const unwelcome = curable("node(s) didn't satisfy existing pods anti-affinity rules");

/** Pods counted by the values of topology labels: by the label's key, then its value. */
class DomainCounts {
  readonly #byKey = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  add(room: NodeRoom, topologyKey: string, by: number): void {
    const value = room.label(topologyKey);
    if (value === undefined) return;
    const counts = this.#byKey.get(topologyKey) ?? new Map<string, number>();
    addTo(counts, value, by);
    if (counts.size === 0) this.#byKey.delete(topologyKey);
    else this.#byKey.set(topologyKey, counts);
  }

  at(room: NodeRoom, topologyKey: string): number {
    const value = room.label(topologyKey);
    return value === undefined ? 0 : (this.#byKey.get(topologyKey)?.get(value) ?? 0);
  }

  /** Whether anything is counted where the node is, by any key. */
  holds(room: NodeRoom): boolean {
    for (const topologyKey of this.#byKey.keys()) if (this.at(room, topologyKey) > 0) return true;
    return false;
  }
}

export const podAffinityFilter: Filter = {
  name: 'InterPodAffinity',
  prepare: (demand, cluster) => {
    const { required, requiredApart } = demand.affinity;
    const foes = new DomainCounts();
    for (const { term, nodes } of cluster.terms.requiredApart) {
      if (!termMatches(term, demand, (name) => cluster.labelsOfNamespace(name))) continue;
      for (const [nodeName, count] of nodes) countAt(foes, cluster, nodeName, term.topologyKey, count);
    }
    if (required.length === 0 && requiredApart.length === 0 && foes.isEmpty) {
      // What-ifs only take pods away or add such as were judged by themselves.
      return undefined;
    }
    return new AffinityTest(demand, cluster, foes);
  },
  hints: {
    node: ({ object, previous }, { affinity }) =>
      !previous || hasOtherLabels(object, previous) || affinity.requiredApart.length > 0,
    'pod-placed': ({ pod }, demand) => isAmong(demand.affinity.required, pod),
    'pod-changed': ({ pod, previous }, demand) =>
      isAmong(demand.affinity.required, pod) || isInTheWay(previous, demand),
    'pod-gone': ({ pod }, demand) => isInTheWay(pod, demand) || isAmong(demand.affinity.required, pod),
    namespace: always,
  },
};

function hasOtherLabels(object: Node, previous: Node): boolean {
  return !isDeepStrictEqual(object.metadata.labels, previous.metadata.labels);
}

function isInTheWay(other: PodDemand, demand: PodDemand): boolean {
  const { requiredApart } = demand.affinity;
  return (
    requiredApart.some((term) => mayMatch(term, other)) ||
    other.affinity.requiredApart.some((term) => mayMatch(term, demand))
  );
}

function isAmong(terms: readonly PodTerm[], pod: PodDemand): boolean {
  return terms.length > 0 && terms.every((term) => mayMatch(term, pod));
}

/** Where a term picks namespaces by their labels, each is taken for picked: trying once too often does no harm. */
function mayMatch(term: PodTerm, pod: PodDemand): boolean {
  return termMatches({ ...term, ...(term.namespaceRequirements && { namespaceRequirements: [] }) }, pod, () => ({}));
}

class AffinityTest implements NodeTest {
  readonly #demand: PodDemand;
  readonly #cluster: ClusterView;
  readonly #friends = new DomainCounts();
  readonly #apart: DomainCounts;
  readonly #foes: DomainCounts;
  /** The pod would be its own friend: the first of its sort may stand anywhere. */
  readonly #isOwnFriend: boolean;

  constructor(demand: PodDemand, cluster: ClusterView, foes: DomainCounts) {
    this.#demand = demand;
    this.#cluster = cluster;
    this.#foes = foes;
    this.#apart = new DomainCounts();
    const { required, requiredApart } = demand.affinity;
    if (required.length > 0) {
      const friends = cluster.count(sortOf(required, cluster));
      for (const [nodeName, count] of friends) {
        for (const { topologyKey } of required) countAt(this.#friends, cluster, nodeName, topologyKey, count);
      }
    }
    for (const term of requiredApart) {
      for (const [nodeName, count] of cluster.count(sortOf([term], cluster)))
        countAt(this.#apart, cluster, nodeName, term.topologyKey, count);
    }
    this.#isOwnFriend = matchesAll(required, demand, cluster);
  }

  check(room: NodeRoom): Refusal | undefined {
    const { required, requiredApart } = this.#demand.affinity;
    if (!this.#isNearFriends(room, required)) return farFromFriends;
    if (requiredApart.some(({ topologyKey }) => this.#apart.at(room, topologyKey) > 0)) return nearToFoes;
    return this.#foes.holds(room) ? unwelcome : undefined;
  }

  shift(other: PodDemand, room: NodeRoom, by: 1 | -1): void {
    const { required, requiredApart } = this.#demand.affinity;
    const matches = (term: PodTerm, pod: PodDemand) =>
      termMatches(term, pod, (name) => this.#cluster.labelsOfNamespace(name));
    if (required.length > 0 && matchesAll(required, other, this.#cluster)) {
      for (const { topologyKey } of required) this.#friends.add(room, topologyKey, by);
    }
    for (const term of requiredApart) if (matches(term, other)) this.#apart.add(room, term.topologyKey, by);
    for (const term of other.affinity.requiredApart) {
      if (matches(term, this.#demand)) this.#foes.add(room, term.topologyKey, by);
    }
  }

  #isNearFriends(room: NodeRoom, required: readonly PodTerm[]): boolean {
    let isNear = true;
    for (const { topologyKey } of required) {
      if (room.label(topologyKey) === undefined) return false;
      if (this.#friends.at(room, topologyKey) <= 0) isNear = false;
    }
    return isNear || (this.#friends.isEmpty && this.#isOwnFriend);
  }
}

function countAt(
  counts: DomainCounts,
  cluster: ClusterView,
  nodeName: string,
  topologyKey: string,
  count: number,
): void {
  const room = cluster.room(nodeName);
  if (room) counts.add(room, topologyKey, count);
}

/** The pods that all of the terms are about. */
function sortOf(terms: readonly PodTerm[], cluster: ClusterView): PodSort {
  return {
    key: `terms ${terms.map(({ key }) => key).join(' ')}`,
    includes: (pod) => matchesAll(terms, pod, cluster),
  };
}

function matchesAll(terms: readonly PodTerm[], pod: PodDemand, cluster: ClusterView): boolean {
  return terms.length > 0 && terms.every((term) => termMatches(term, pod, (name) => cluster.labelsOfNamespace(name)));
}
