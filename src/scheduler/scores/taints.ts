// Prefers the node with the fewest taints that ask to be avoided (PreferNoSchedule) and are not tolerated.
import { tolerates } from '../../api/taints.ts';
import type { Score } from './score.ts';

export const taintsScore: Score = {
  weight: 3,
  of: ({ pod }, rooms) => {
    const tolerations = pod.spec.tolerations ?? [];
    const counts = rooms.map(
      ({ taints }) =>
        taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((t) => tolerates(t, taint)))
          .length,
    );
    const most = Math.max(...counts);
    return counts.map((count) => (most === 0 ? 100 : ((most - count) / most) * 100));
  },
};
