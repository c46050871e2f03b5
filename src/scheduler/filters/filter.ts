// A filter says for one pod and one node whether they go together, and if not, why. Pure, one concern a file.
import type { NodeRoom } from '../node-room.ts';
import type { PodDemand } from '../pod-demand.ts';

/** What may happen in a cluster so that a pod that fitted nowhere fits. */
export type ClusterChange = 'node-changed' | 'pod-gone';

export interface Filter {
  /** Why the node does not take the pod, in the words that users know; empty where it does. */
  refusals(demand: PodDemand, room: NodeRoom): string[];
  /** After which changes it is worth asking again. */
  helpedBy: readonly ClusterChange[];
}
