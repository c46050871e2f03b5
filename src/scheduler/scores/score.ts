// A score compares the nodes that would take a pod: 0 to 100 for each, in the order given. Pure, one concern a file.
import type { NodeRoom } from '../node-room.ts';
import type { PodDemand } from '../pod-demand.ts';

export interface Score {
  weight: number;
  of(demand: PodDemand, rooms: readonly NodeRoom[]): number[];
}
