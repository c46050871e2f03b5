// What has to be settled between the choice of a node and the binding: claims of volumes, say. The scheduler calls, for
// every pod that has found its node:
//
//   reserve ──► prepareBinding (all steps, in order) ──► the pod is bound
//      │ throws          │ rejects                          │ is refused
//      └─────────────────┴──────────► undo (all steps, in reverse), and the pod is tried again after its back-off
//
// Holds: `reserve` is followed by a binding or by `undo`; between the two the filters see what was reserved, so that no
// other pod is promised the same. `undo` may come without `reserve` before it, and twice.
import type { PodDemand } from '../pods/pod-demand.ts';

export interface BindingStep {
  readonly name: string;
  /** At once and in memory: the next pod is placed right after it. */
  reserve(demand: PodDemand, nodeName: string): void;
  /** Writes what must be written first, and waits until it holds. Runs beside the placing of other pods. */
  prepareBinding(demand: PodDemand, nodeName: string, signal: AbortSignal): Promise<void>;
  undo(demand: PodDemand, nodeName: string): void;
}
