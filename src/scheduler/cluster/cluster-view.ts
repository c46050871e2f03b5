// What filters and scores see of the cluster: nodes with their pods, and what is counted over several nodes.
import type { Labels } from '../../api/selector.ts';
import type { NodeRoom } from './node-room.ts';
import type { CountByNode, PodSort } from './pod-counts.ts';
import type { StandingTerms } from './standing-terms.ts';

export interface ClusterView {
  readonly rooms: readonly NodeRoom[];
  room(nodeName: string): NodeRoom | undefined;
  /** How many pods of a sort each node has. */
  count(sort: PodSort): CountByNode;
  readonly terms: StandingTerms;
  labelsOfNamespace(name: string): Labels;
  /** How many nodes have an image. */
  nodesWithImage(image: string): number;
}
