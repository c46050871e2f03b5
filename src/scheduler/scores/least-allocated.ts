// Prefers the node of which the larger part of cpu and memory would stay free.
import { best, type Score } from './score.ts';

export const leastAllocatedScore: Score = {
  name: 'NodeResourcesFit',
  of: ({ assumed }, rooms) =>
    rooms.map(({ allocatable, assumed: taken }) => {
      const free = [
        freePart(allocatable.cpu, taken.milliCpu + assumed.milliCpu),
        freePart(allocatable.memory, taken.memoryBytes + assumed.memoryBytes),
      ].filter((part) => part !== undefined);
      return free.length === 0 ? 0 : Math.floor(free.reduce((sum, part) => sum + part, 0) / free.length);
    }),
};

/** In hundredths; undefined where the node says nothing of it. */
function freePart(allocatable = 0, used: number): number | undefined {
  return allocatable > 0 ? Math.floor((Math.max(0, allocatable - used) * best) / allocatable) : undefined;
}
