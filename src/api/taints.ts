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

/** How long a lost node is borne by a pod that says nothing of it. */
const defaultTolerationSeconds = 300;

/**
 * Seconds for which a pod may stay on a node with these NoExecute taints: 0 where one is not tolerated at all,
 * undefined for ever.
 */
export function toleratedSeconds(taints: readonly Taint[], tolerations: readonly Toleration[]): number | undefined {
  let shortest: number | undefined;
  for (const taint of taints.filter(({ effect }) => effect === 'NoExecute')) {
    const seconds = secondsFor(taint, tolerations);
    if (seconds !== undefined) shortest = Math.min(shortest ?? seconds, seconds);
  }
  return shortest;
}

function secondsFor(taint: Taint, tolerations: readonly Toleration[]): number | undefined {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) {
    return taint.key === notReadyTaint || taint.key === unreachableTaint ? defaultTolerationSeconds : 0;
  }
  const limits = matching.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
  return limits.length === 0 ? undefined : Math.max(0, Math.min(...limits));
}
