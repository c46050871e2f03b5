// A filter says which nodes a pod may go to, and why not to the others: one concern a file, pure.
//
//   prepare (once a pod: what is the same for all nodes) ──► NodeTest ──check (once a node)──► fits | Refusal
//        ├─ nothing: the filter has no say about this pod
//        └─ Hopeless: no node at all will do, and why
//
// A filter that needs more than the cluster of nodes and pods is made by a function that is given where to look it up
// (`all.ts`). What a pod takes along to its node besides room is reserved and undone by a BindingStep (`binding/binding-step.ts`).
import type { Hints } from '../cluster/cluster-change.ts';
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { NodeRoom } from '../cluster/node-room.ts';
import type { PodDemand } from '../pods/pod-demand.ts';

export interface Refusal {
  /** In the words that users know; they are counted over all nodes. */
  reasons: readonly string[];
  /** The node might take the pod if others left it. Without it nobody is preempted there. */
  isCurable: boolean;
}

export interface NodeTest {
  check(room: NodeRoom): Refusal | undefined;
  /** The only nodes that come into question, by name. */
  only?: ReadonlySet<string>;
  /**
   * From now on as if a pod more (1) or less (-1) were on the node: for what would be if. The node's own sums are
   * changed by the caller; this is for what was counted over several nodes. Every shift is taken back by its opposite.
   */
  shift?(demand: PodDemand, room: NodeRoom, by: 1 | -1): void;
}

export interface Hopeless {
  /** Stands in the message in place of the counted reasons. */
  hopeless: string;
}

export interface Filter {
  /** As Kubernetes calls the plugin: metrics name it. */
  readonly name: string;
  prepare(demand: PodDemand, cluster: ClusterView): NodeTest | Hopeless | undefined;
  /** After which changes it is worth asking again. */
  readonly hints: Hints;
}

/** What only another node, or another state of this one, cures. */
export const incurable = (...reasons: string[]): Refusal => ({ reasons, isCurable: false });
/** What pods that leave the node cure. */
export const curable = (...reasons: string[]): Refusal => ({ reasons, isCurable: true });
