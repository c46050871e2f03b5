// The words about disruption that those who evict pods and those who count them share.
import type { Pod, PodCondition } from './kinds/pod.ts';
import type { PodDisruptionBudget } from './kinds/pod-disruption-budget.ts';

type Status = PodDisruptionBudget['status'];
type Condition = NonNullable<Status['conditions']>[number];

/** An evicted pod that is still there after this time will not be deleted any more. */
export const deletionTimeoutMs = 2 * 60_000;

export const disruptionTarget = 'DisruptionTarget';

/** What is said of a pod that is to end for others' sake: that it will and why, or no longer. */
export type DisruptionNotice = { status: 'True'; reason: string; message: string } | { status: 'False' };

/** The conditions of the pod with the notice; the time is that of the last change between yes and no. */
export function withDisruptionNotice({ metadata, status }: Pod, notice: DisruptionNotice, now: string): PodCondition[] {
  const { conditions = [] } = status;
  const known = conditions.find(({ type }) => type === disruptionTarget);
  const condition: PodCondition = {
    type: disruptionTarget,
    ...notice,
    lastTransitionTime: (known?.status === notice.status && known.lastTransitionTime) || now,
    ...(metadata.generation && { observedGeneration: metadata.generation }),
  };
  return known ? conditions.map((each) => (each === known ? condition : each)) : [...conditions, condition];
}

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
