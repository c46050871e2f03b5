// Which pods nobody needs any more, beside those whose node is gone. Pure.
import { type Node, nodeReadiness } from '../../api/kinds/node.ts';
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';

const outOfServiceTaint = 'node.kubernetes.io/out-of-service';

/** By the word of a person: the machine is off for certain, so that nothing of it runs any more. */
export function isOutOfService(node: Node): boolean {
  const isTainted = node.spec.taints?.some(({ key }) => key === outOfServiceTaint) ?? false;
  return isTainted && nodeReadiness(node)?.status !== 'True';
}

/** Of pods that have ended those that are too many: evicted ones first, then the oldest. */
export function tooManyFinished(pods: readonly Pod[], most: number): Pod[] {
  const finished = pods.filter((pod) => isPodFinished(pod) && !isBeingDeleted(pod));
  const rank = ({ metadata, status }: Pod) =>
    `${status.reason === 'Evicted' ? 0 : 1} ${metadata.creationTimestamp} ${metadata.name}`;
  return finished
    .toSorted((one, other) => (rank(one) < rank(other) ? -1 : 1))
    .slice(0, Math.max(0, finished.length - most));
}
