// Prefers the node with the fewest pods of the same owner, so that replicas stand on different hosts.
import type { Score } from './score.ts';

export const spreadByOwnerScore: Score = {
  weight: 2,
  of: ({ spreadBy }, rooms) => {
    const counts = rooms.map(({ owners }) => (spreadBy ? (owners.get(spreadBy) ?? 0) : 0));
    const most = Math.max(...counts);
    return counts.map((count) => (most === 0 ? 100 : ((most - count) / most) * 100));
  },
};
