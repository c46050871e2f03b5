// Prefers the node of which the larger part of cpu and memory would stay free.
import type { Score } from './score.ts';

export const leastAllocatedScore: Score = {
  weight: 1,
  of: ({ assumed }, rooms) =>
    rooms.map(({ allocatable, assumed: taken }) => {
      const cpu = freePart(allocatable.cpu, taken.milliCpu + assumed.milliCpu);
      const memory = freePart(allocatable.memory, taken.memoryBytes + assumed.memoryBytes);
      return ((cpu + memory) / 2) * 100;
    }),
};

function freePart(allocatable = 0, used: number): number {
  return allocatable > 0 ? Math.max(0, allocatable - used) / allocatable : 0;
}
