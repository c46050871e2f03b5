// How many pods of a disruption budget are up, how many must be, and how many may go. Pure.
import { deletionTimeoutMs, type Verdict, verdictOn, withVerdict } from '../../api/disruptions.ts';
import { shareOf } from '../../api/int-or-percent.ts';
import { isPodReady, type Pod } from '../../api/kinds/pod.ts';
import type { PodDisruptionBudget } from '../../api/kinds/pod-disruption-budget.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';

type Status = PodDisruptionBudget['status'];

export interface Observed {
  budget: PodDisruptionBudget;
  pods: readonly Pod[];
  /** How many pods there would be if all were up, by those who make them. Asked only where a share is wanted. */
  scale: number;
  nowMs: number;
}

export interface DisruptionPlan {
  status: Status;
  /** Evicted pods that are still there although nobody ends them. */
  notDeleted: Pod[];
  recheckInMs: number | undefined;
}

/** Whether the budget asks for a share of the pods, or counts those that may be missing. */
export function needsScale({ spec: { minAvailable, maxUnavailable } }: PodDisruptionBudget): boolean {
  return maxUnavailable !== undefined || typeof minAvailable === 'string';
}

export function planDisruption({ budget, pods, scale, nowMs }: Observed): DisruptionPlan {
  const { generation = 0 } = budget.metadata;
  const expectedPods = needsScale(budget) ? scale : pods.length;
  const desiredHealthy = desired(budget, expectedPods);
  const { disruptedPods, notDeleted, recheckInMs } = disrupted(budget, pods, nowMs);
  const isCounted = (pod: Pod) => !isBeingDeleted(pod) && !(pod.metadata.name in disruptedPods) && isPodReady(pod);
  const currentHealthy = pods.filter(isCounted).length;
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const counted: Status = {
    ...budget.status,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    expectedPods,
    observedGeneration: generation,
    disruptedPods,
  };
  if (Object.keys(disruptedPods).length === 0) delete counted.disruptedPods;
  return { status: judged(counted, verdictOn(disruptionsAllowed), nowMs), notDeleted, recheckInMs };
}

/** Where pods cannot be counted none may go. */
export function planFailure({ metadata, status }: PodDisruptionBudget, message: string, nowMs: number): Status {
  const closed = { ...status, disruptionsAllowed: 0, observedGeneration: metadata.generation ?? 0 };
  return judged(closed, { status: 'False', reason: 'SyncFailed', message }, nowMs);
}

function judged(status: Status, verdict: Verdict, nowMs: number): Status {
  return { ...status, conditions: withVerdict(status, verdict, timestamp(nowMs)) };
}

/** A part of a pod counts as a whole one. */
function desired({ spec: { minAvailable, maxUnavailable } }: PodDisruptionBudget, expected: number): number {
  if (maxUnavailable !== undefined) return Math.max(0, expected - shareOf(maxUnavailable, expected, Math.ceil));
  return minAvailable === undefined ? 0 : shareOf(minAvailable, expected, Math.ceil);
}

function disrupted({ status }: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let recheckInMs: number | undefined;
  for (const pod of pods) {
    const since = status.disruptedPods?.[pod.metadata.name];
    if (since === undefined || isBeingDeleted(pod)) continue;
    const leftMs = Date.parse(since) + deletionTimeoutMs - nowMs;
    if (leftMs <= 0) {
      notDeleted.push(pod);
    } else {
      disruptedPods[pod.metadata.name] = since;
      recheckInMs = Math.min(recheckInMs ?? leftMs, leftMs);
    }
  }
  return { disruptedPods, notDeleted, recheckInMs };
}
