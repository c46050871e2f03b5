// Prefers the node with the fewest taints that ask to be avoided (PreferNoSchedule) and are not tolerated.
import { tolerates } from '../../api/taints.ts';
import { lessIsBetter, type Score } from './score.ts';

export const taintsScore: Score = {
  name: 'TaintToleration',
  of: ({ pod }, rooms) => {
    const tolerations = (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    const counts = rooms.map(
      ({ taints }) =>
        taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((t) => tolerates(t, taint)))
          .length,
    );
    return counts.some((count) => count > 0) ? lessIsBetter(counts) : undefined;
  },
};
