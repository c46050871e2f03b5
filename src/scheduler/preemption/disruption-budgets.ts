// Which pods would go against a PodDisruptionBudget if all of them had to go.
import type { PodDisruptionBudget } from '../../api/kinds/pod-disruption-budget.ts';
import { matchesLabelSelector, requirementsOf } from '../../api/selector.ts';
import type { PodDemand } from '../pods/pod-demand.ts';

/** In the order in which the pods are given: what a budget allows goes to the first of them. */
export function violatingPods(pods: readonly PodDemand[], budgets: readonly PodDisruptionBudget[]): Set<PodDemand> {
  const allowed = budgets.map(({ status }) => status.disruptionsAllowed);
  const violating = new Set<PodDemand>();
  for (const pod of pods) {
    for (const [index, budget] of budgets.entries()) {
      // Who is going already has been counted.
      if (!protects(budget, pod) || pod.pod.metadata.name in (budget.status.disruptedPods ?? {})) continue;
      allowed[index] = (allowed[index] ?? 0) - 1;
      if ((allowed[index] ?? 0) < 0) violating.add(pod);
    }
  }
  return violating;
}

function protects({ metadata, spec: { selector } }: PodDisruptionBudget, { namespace, labels }: PodDemand): boolean {
  return (
    metadata.namespace === namespace &&
    selector !== undefined &&
    requirementsOf(selector).length > 0 &&
    matchesLabelSelector(selector, labels)
  );
}
