// Prefers the nodes that the pod's preferred node affinity picks, by the sum of the weights of what it matches.
import { termChoice } from '../../api/node-selection.ts';
import { moreIsBetter, type Score } from './score.ts';

export const nodeAffinityScore: Score = {
  name: 'NodeAffinity',
  of: ({ pod }, rooms) => {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    const wishes = preferred.map(({ weight, preference }) => ({ weight, holds: termChoice([preference]) }));
    const sums = rooms.map(({ node }) =>
      wishes.reduce((sum, { weight, holds }) => (holds(node) ? sum + weight : sum), 0),
    );
    return moreIsBetter(sums);
  },
};
