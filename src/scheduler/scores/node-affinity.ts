// Prefers the nodes that the pod's preferred node affinity picks, by the sum of the weights of what it matches.
import { someTermSelects } from '../../api/node-selection.ts';
import { moreIsBetter, type Score } from './score.ts';

export const nodeAffinityScore: Score = {
  name: 'NodeAffinity',
  of: ({ pod }, rooms) => {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    const sums = rooms.map(({ node }) =>
      preferred.reduce((sum, { weight, preference }) => (someTermSelects([preference], node) ? sum + weight : sum), 0),
    );
    return moreIsBetter(sums);
  },
};
