// The words about disruption that those who evict pods and those who count them share.
import type { PodDisruptionBudget } from './kinds/pod-disruption-budget.ts';

type Status = PodDisruptionBudget['status'];
type Condition = NonNullable<Status['conditions']>[number];

/** An evicted pod that is still there after this time will not be deleted any more. */
export const deletionTimeoutMs = 2 * 60_000;

export interface Verdict {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

export function verdictOn(disruptionsAllowed: number): Verdict {
  return disruptionsAllowed > 0
    ? { status: 'True', reason: 'SufficientPods', message: '' }
    : { status: 'False', reason: 'InsufficientPods', message: '' };
}

/** The conditions with what is said of disruptions; the time is that of the last change between yes and no. */
export function withVerdict(status: Status, verdict: Verdict, now: string): Condition[] {
  const type = 'DisruptionAllowed';
  const known = status.conditions?.find((condition) => condition.type === type);
  const lastTransitionTime = known?.status === verdict.status ? known.lastTransitionTime : now;
  const { observedGeneration = 0 } = status;
  const condition: Condition = { type, ...verdict, observedGeneration, lastTransitionTime };
  return [...(status.conditions ?? []).filter((each) => each.type !== type), condition];
}
