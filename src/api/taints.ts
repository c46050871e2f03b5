// Taints keep pods off nodes, tolerations let them on all the same.
import type { Taint } from './kinds/node.ts';
import type { PodSpec } from './kinds/pod-template.ts';

export type Toleration = NonNullable<PodSpec['tolerations']>[number];
export type TaintEffect = Taint['effect'];

export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';
export const unschedulableTaint = 'node.kubernetes.io/unschedulable';

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  // Without a key only `Exists` matches everything.
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

/** The first taint with one of the effects that no toleration covers. */
export function untoleratedTaint(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  effects: readonly TaintEffect[],
): Taint | undefined {
  return taints.find(
    (taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/**
 * Seconds for which a pod may stay on a node with these NoExecute taints: 0 where one is not tolerated at all,
 * undefined for ever. Of several tolerations of a taint the first counts.
 */
export function toleratedSeconds(taints: readonly Taint[], tolerations: readonly Toleration[]): number | undefined {
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of taints.filter(({ effect }) => effect === 'NoExecute')) {
    const first = tolerations.find((toleration) => tolerates(toleration, taint));
    if (!first) return 0;
    const seconds = first.tolerationSeconds ?? Number.POSITIVE_INFINITY;
    shortest = Math.max(0, Math.min(shortest, seconds));
  }
  return Number.isFinite(shortest) ? shortest : undefined;
}
