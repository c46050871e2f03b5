// How a job ends: first it is told that it will (SuccessCriteriaMet, FailureTarget), and when its last pod has gone and all are
// counted, that it has (Complete, Failed). Pure.
import type { Job } from '../../api/kinds/job-spec.ts';
import { timestamp } from '../../base/clock.ts';

export type JobCondition = NonNullable<Job['status']['conditions']>[number];

/** What has been decided about a job that still runs. */
export interface Verdict {
  type: 'SuccessCriteriaMet' | 'FailureTarget';
  reason: string;
  message: string;
}

export function trueCondition({ status }: Job, ...types: string[]): JobCondition | undefined {
  return status.conditions?.find((condition) => types.includes(condition.type) && condition.status === 'True');
}

/** The condition by which the job has ended, if it has. */
export function endOf(job: Job): JobCondition | undefined {
  return trueCondition(job, 'Complete', 'Failed');
}

/** What was decided about the job before. */
export function verdictOf(job: Job): Verdict | undefined {
  const condition = trueCondition(job, 'SuccessCriteriaMet', 'FailureTarget');
  if (!condition) return undefined;
  const { type, reason = '', message = '' } = condition;
  return { type: type as Verdict['type'], reason, message };
}

/** The conditions with one that says this; the same ones where it says so already, or where there is nothing to deny. */
export function withCondition(
  conditions: readonly JobCondition[] | undefined,
  said: Pick<JobCondition, 'type' | 'status' | 'reason' | 'message'>,
  nowMs: number,
): readonly JobCondition[] | undefined {
  const known = conditions?.find(({ type }) => type === said.type);
  if (!known && said.status === 'False') return conditions;
  if (known && known.status === said.status && known.reason === said.reason && known.message === said.message)
    return conditions;
  const now = timestamp(nowMs);
  const condition: JobCondition = {
    type: said.type,
    status: said.status,
    lastProbeTime: now,
    lastTransitionTime: now,
    ...(said.reason !== undefined && { reason: said.reason }),
    ...(said.message !== undefined && { message: said.message }),
  };
  if (!known) return [...(conditions ?? []), condition];
  return conditions?.map((each) => (each === known ? condition : each));
}
