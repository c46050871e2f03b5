// The pod keeps its sort evenly spread: in no domain (all nodes with one value of a topology label) more than `maxSkew` above
// the domain with the fewest. Domains are those of the nodes that have all the labels that the pod spreads by.
import { isDeepStrictEqual } from 'node:util';
import { always } from '../cluster/cluster-change.ts';
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { NodeRoom } from '../cluster/node-room.ts';
import type { PodSort } from '../cluster/pod-counts.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { type PodSelector, type SpreadConstraint, selectsPod } from '../pods/pod-terms.ts';
import { curable, type Filter, incurable, type NodeTest, type Refusal } from './filter.ts';
import { repellingTaint } from './taints.ts';

const noDomain = incurable("node(s) didn't match pod topology spread constraints (missing required label)");
const uneven = curable("node(s) didn't match pod topology spread constraints");

export const topologySpreadFilter: Filter = {
  name: 'PodTopologySpread',
  prepare: (demand, cluster) => {
    const required = demand.spread.filter(({ isRequired }) => isRequired);
    return required.length === 0 ? undefined : new SpreadTest(demand, required, cluster);
  },
  hints: {
    node: ({ object, previous }) => !previous || !isDeepStrictEqual(domainOf(object), domainOf(previous)),
    // Its domain may have been the one with the fewest.
    'node-gone': always,
    'pod-placed': ({ pod }, demand) => counts(demand, pod),
    'pod-changed': ({ pod, previous }, demand) => counts(demand, pod) !== counts(demand, previous),
    'pod-gone': ({ pod }, demand) => counts(demand, pod),
  },
};

const domainOf = ({ metadata, spec }: NodeRoom['node']) => [metadata.labels, spec.taints, spec.unschedulable];

function counts({ spread }: PodDemand, pod: PodDemand): boolean {
  return spread.some(({ isRequired, selector }) => isRequired && isCounted(selector, pod));
}

interface Spreading {
  constraint: SpreadConstraint;
  /** By the value of the label; every domain is in it. */
  counts: Map<string, number>;
  /** One where the pod counts itself. */
  own: 0 | 1;
  /** The fewest of any domain; worked out anew after a shift. */
  fewest: number | undefined;
}

class SpreadTest implements NodeTest {
  readonly #demand: PodDemand;
  readonly #spreadings: readonly Spreading[];

  constructor(demand: PodDemand, required: readonly SpreadConstraint[], cluster: ClusterView) {
    this.#demand = demand;
    this.#spreadings = required.map((constraint) => ({
      constraint,
      counts: new Map(),
      own: selectsPod(constraint.selector, demand) ? 1 : 0,
      fewest: undefined,
    }));
    for (const spreading of this.#spreadings) {
      const { constraint, counts } = spreading;
      const byNode = cluster.count(spreadSort(constraint.selector));
      for (const room of cluster.rooms) {
        if (!this.#isInDomains(room, constraint)) continue;
        const value = room.label(constraint.topologyKey) ?? '';
        counts.set(value, (counts.get(value) ?? 0) + (byNode.get(room.name) ?? 0));
      }
    }
  }

  check(room: NodeRoom): Refusal | undefined {
    for (const spreading of this.#spreadings) {
      const { constraint, counts, own } = spreading;
      const value = room.label(constraint.topologyKey);
      if (value === undefined) return noDomain;
      spreading.fewest ??= fewestOf(counts, constraint.minDomains);
      if ((counts.get(value) ?? 0) + own - spreading.fewest > constraint.maxSkew) return uneven;
    }
    return undefined;
  }

  shift(other: PodDemand, room: NodeRoom, by: 1 | -1): void {
    for (const spreading of this.#spreadings) {
      const { constraint, counts } = spreading;
      if (!isCounted(constraint.selector, other) || !this.#isInDomains(room, constraint)) continue;
      const value = room.label(constraint.topologyKey) ?? '';
      counts.set(value, (counts.get(value) ?? 0) + by);
      spreading.fewest = undefined;
    }
  }

  #isInDomains(room: NodeRoom, constraint: SpreadConstraint): boolean {
    return (
      this.#spreadings.every(({ constraint: { topologyKey } }) => room.label(topologyKey) !== undefined) &&
      isCountedNode(this.#demand, room, constraint)
    );
  }
}

/** With fewer domains than there shall be, the missing ones count as empty. */
function fewestOf(counts: ReadonlyMap<string, number>, minDomains: number): number {
  if (counts.size < minDomains) return 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (const count of counts.values()) if (count < fewest) fewest = count;
  return fewest;
}

/** Whether the constraint counts what stands on the node: by its policies, nodes where the pod may not go are left out. */
export function isCountedNode(
  { pod, choice }: PodDemand,
  { node, taints }: NodeRoom,
  constraint: SpreadConstraint,
): boolean {
  if (constraint.onlyAffine && choice && !choice(node)) return false;
  return !constraint.onlyTolerated || !repellingTaint(taints, pod.spec.tolerations);
}

export function spreadSort(selector: PodSelector): PodSort {
  return { key: `spread ${selector.key}`, includes: (pod) => isCounted(selector, pod) };
}

/** Who is on the way out makes room for another already. */
function isCounted(selector: PodSelector, pod: PodDemand): boolean {
  return !pod.isLeaving && selectsPod(selector, pod);
}
