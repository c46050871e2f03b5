// A score compares the nodes that would take a pod: 0 to 100 for each, in the order given. Pure, one concern a file.
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { NodeRoom } from '../cluster/node-room.ts';
import type { PodDemand } from '../pods/pod-demand.ts';

export interface Score {
  /** As Kubernetes calls the plugin. */
  readonly name: string;
  /** Nothing where all nodes are the same to it. */
  of(demand: PodDemand, rooms: readonly NodeRoom[], cluster: ClusterView): readonly number[] | undefined;
}

export const best = 100;

/** 100 for the most. */
export function moreIsBetter(counts: readonly number[]): number[] {
  const most = Math.max(...counts);
  return counts.map((count) => (most === 0 ? 0 : Math.floor((best * count) / most)));
}

/** 100 for none at all, 0 for the most. */
export function lessIsBetter(counts: readonly number[]): number[] {
  return moreIsBetter(counts).map((score) => best - score);
}
