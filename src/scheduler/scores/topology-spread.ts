// Prefers the domains with the fewest pods of the sort that the pod would like to be spread with. A pod that says nothing of
// it is spread by host and zone with the pods of its Services and of its owner, as Kubernetes does without being asked.
import { hostnameLabel, zoneLabel } from '../../api/node-labels.ts';
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { NodeRoom } from '../cluster/node-room.ts';
import { isCountedNode, spreadSort } from '../filters/topology-spread.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import type { PodSelector, SpreadConstraint } from '../pods/pod-terms.ts';
import { best, type Score } from './score.ts';

export const topologySpreadScore: Score = {
  name: 'PodTopologySpread',
  of: (demand, rooms, cluster) => {
    const isStated = demand.spread.length > 0;
    const wished = isStated ? demand.spread.filter(({ isRequired }) => !isRequired) : customary(demand.kin);
    if (wished.length === 0) return undefined;
    // Where the pod says what it is spread by, nodes without these labels are the worst.
    const isIgnored = (room: NodeRoom) =>
      isStated && wished.some(({ topologyKey }) => room.label(topologyKey) === undefined);
    const sums = rooms.map(() => 0);
    const counted = rooms.filter((room) => !isIgnored(room));
    for (const constraint of wished) {
      const { topologyKey, maxSkew } = constraint;
      const countOf = counter(demand, constraint, counted, cluster);
      const domains = topologyKey === hostnameLabel ? counted.length : countOf.domains;
      const weight = Math.log(domains + 2);
      for (const [index, room] of rooms.entries()) {
        if (room.label(topologyKey) === undefined || isIgnored(room)) continue;
        sums[index] = (sums[index] ?? 0) + countOf.at(room) * weight + (maxSkew - 1);
      }
    }
    return inverted(sums.map(Math.round), rooms.map(isIgnored));
  },
};

function customary(kin: PodSelector | undefined): SpreadConstraint[] {
  if (!kin) return [];
  const common = { selector: kin, isRequired: false, minDomains: 1, onlyAffine: true, onlyTolerated: false };
  return [
    { ...common, topologyKey: hostnameLabel, maxSkew: 3 },
    { ...common, topologyKey: zoneLabel, maxSkew: 5 },
  ];
}

interface DomainCounter {
  domains: number;
  at(room: NodeRoom): number;
}

function counter(
  demand: PodDemand,
  constraint: SpreadConstraint,
  rooms: readonly NodeRoom[],
  cluster: ClusterView,
): DomainCounter {
  const { topologyKey, selector } = constraint;
  const byNode = cluster.count(spreadSort(selector));
  if (topologyKey === hostnameLabel) return { domains: 0, at: ({ name }) => byNode.get(name) ?? 0 };
  const counts = new Map<string, number>();
  for (const room of rooms) {
    const value = room.label(topologyKey);
    if (value !== undefined) counts.set(value, 0);
  }
  for (const [nodeName, count] of byNode) {
    const room = cluster.room(nodeName);
    const value = room?.label(topologyKey);
    const known = value === undefined ? undefined : counts.get(value);
    if (!room || value === undefined || known === undefined || !isCountedNode(demand, room, constraint)) continue;
    counts.set(value, known + count);
  }
  return { domains: counts.size, at: (room) => counts.get(room.label(topologyKey) ?? '') ?? 0 };
}

/** The fewer the better; those left out are the worst. */
function inverted(sums: readonly number[], isIgnored: readonly boolean[]): number[] {
  const counted = sums.filter((_, index) => !isIgnored[index]);
  const [least, most] = [Math.min(...counted), Math.max(...counted)];
  return sums.map((sum, index) => {
    if (isIgnored[index]) return 0;
    return most === 0 ? best : Math.floor((best * (most + least - sum)) / most);
  });
}
