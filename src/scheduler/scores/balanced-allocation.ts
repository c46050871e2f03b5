// Prefers the node on which cpu and memory would be used to like parts, so that neither is left over without the other.
import { best, type Score } from './score.ts';

export const balancedAllocationScore: Score = {
  name: 'NodeResourcesBalancedAllocation',
  of: ({ requests }, rooms) => {
    const { cpu = 0, memory = 0 } = requests;
    if (cpu === 0 && memory === 0) return undefined;
    return rooms.map(({ allocatable, requested }) => {
      const parts = [
        usedPart(allocatable.cpu, (requested.cpu ?? 0) + cpu),
        usedPart(allocatable.memory, (requested.memory ?? 0) + memory),
      ];
      const [one, other] = parts;
      return one === undefined || other === undefined ? best : Math.floor((1 - Math.abs(one - other) / 2) * best);
    });
  },
};

function usedPart(allocatable = 0, used: number): number | undefined {
  return allocatable > 0 ? Math.min(1, used / allocatable) : undefined;
}
