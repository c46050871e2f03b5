// Prefers the domains of the pods that the pod would like to be near to, and that would like to have it near; shuns those of
// the others. Standing pods' required affinity counts a little, too: they would rather have company.
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { CountByNode } from '../cluster/pod-counts.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { type PodTerm, termMatches } from '../pods/pod-terms.ts';
import { best, type Score } from './score.ts';

const weightOfRequired = 1;

export const podAffinityScore: Score = {
  name: 'InterPodAffinity',
  of: (demand, rooms, cluster) => {
    const sums = domainSums(demand, cluster);
    if (sums.size === 0) return undefined;
    const scores = rooms.map((room) => {
      let sum = 0;
      for (const [topologyKey, byValue] of sums) sum += byValue.get(room.label(topologyKey) ?? '') ?? 0;
      return sum;
    });
    const [least, most] = [Math.min(...scores), Math.max(...scores)];
    return scores.map((score) => (most === least ? 0 : Math.floor((best * (score - least)) / (most - least))));
  },
};

/** By topology label, then its value. */
function domainSums(demand: PodDemand, cluster: ClusterView): Map<string, Map<string, number>> {
  const sums = new Map<string, Map<string, number>>();
  const labelsOfNamespace = (name: string) => cluster.labelsOfNamespace(name);
  const note = ({ topologyKey }: PodTerm, nodes: CountByNode, weight: number) => {
    for (const [nodeName, count] of nodes) {
      const value = cluster.room(nodeName)?.label(topologyKey);
      if (value === undefined) continue;
      const byValue = sums.get(topologyKey) ?? new Map<string, number>();
      byValue.set(value, (byValue.get(value) ?? 0) + weight * count);
      sums.set(topologyKey, byValue);
    }
  };
  for (const { term, weight } of demand.affinity.preferred) {
    const includes = (pod: PodDemand) => termMatches(term, pod, labelsOfNamespace);
    note(term, cluster.count({ key: `terms ${term.key}`, includes }), weight);
  }
  for (const { term, weight, nodes } of cluster.terms.preferred) {
    if (termMatches(term, demand, labelsOfNamespace)) note(term, nodes, weight);
  }
  for (const { term, nodes } of cluster.terms.required) {
    if (termMatches(term, demand, labelsOfNamespace)) note(term, nodes, weightOfRequired);
  }
  return sums;
}
