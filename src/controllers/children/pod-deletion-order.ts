// Which of many equal pods go first when there are too many: those that are missed least. Kubernetes' order.
import { type ContainerStatus, isPodReady, type Pod } from '../../api/kinds/pod.ts';
import { isSidecar } from '../../api/kinds/pod-spec/types.ts';
import { isPodActive, readySince } from '../../api/pod-availability.ts';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseRank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Sorts the pods, first to go first. The related pods are all those of the same workload: of two pods the one goes
 * first whose node has more of them.
 */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], nowMs: number): Pod[] {
  const onNode = new Map<string, number>();
  for (const { spec } of related.filter(isPodActive)) {
    if (spec.nodeName) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1);
  }
  const crowd = (pod: Pod) => onNode.get(pod.spec.nodeName ?? '') ?? 0;
  return pods.toSorted(
    (a, b) =>
      Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
      (phaseRank[a.status.phase ?? ''] ?? 0) - (phaseRank[b.status.phase ?? ''] ?? 0) ||
      Number(isPodReady(a)) - Number(isPodReady(b)) ||
      deletionCost(a) - deletionCost(b) ||
      crowd(b) - crowd(a) ||
      ageRank(readySince(a), nowMs) - ageRank(readySince(b), nowMs) ||
      restarts(b.status.containerStatuses) - restarts(a.status.containerStatuses) ||
      restarts(sidecars(b)) - restarts(sidecars(a)) ||
      ageRank(createdAt(a), nowMs) - ageRank(createdAt(b), nowMs) ||
      ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1),
  );
}

function deletionCost(pod: Pod): number {
  const cost = Number(pod.metadata.annotations?.[costAnnotation] ?? 0);
  return Number.isInteger(cost) ? cost : 0;
}

/** Ages in doubling steps: pods of about the same age are equal, so that not always the newest node is emptied. */
function ageRank(since: number | undefined, nowMs: number): number {
  if (since === undefined) return 0;
  return nowMs > since ? Math.floor(Math.log2((nowMs - since) * 1e6)) : -1;
}

function createdAt({ metadata }: Pod): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

function restarts(containers: readonly ContainerStatus[] = []): number {
  return Math.max(0, ...containers.map(({ restartCount }) => restartCount));
}

function sidecars({ spec, status }: Pod): ContainerStatus[] {
  const names = (spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  return (status.initContainerStatuses ?? []).filter(({ name }) => names.includes(name));
}
