// Counts the pods of a job so that none is ever forgotten or counted twice, whenever the server is killed. First the status
// names who has ended (uncountedTerminatedPods), then their finalizers are taken off, then the status counts those that
// have none any more. Pure: `countPods` answers the first status and whose finalizers go, `settleCount` the last one.
import { isDeepStrictEqual } from 'node:util';
import type { Job } from '../../api/kinds/job-spec.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';
import { withoutZeros } from '../children/counts.ts';
import { IndexSet } from './index-set.ts';
import { type JobCondition, type Verdict, withCondition } from './job-end.ts';
import { hasFailed, indexOf, isIndexed } from './job-pods.ts';
import { meaningOfFailure } from './job-policies.ts';
import type { ObservedJob, Tally } from './job-tally.ts';

type Status = Job['status'];

/** No more than this many pods are named in a status. */
const uncountedAtMost = 500;

/** How it is when the plan has been done. */
export interface Outcome {
  active: number;
  ready: number;
  terminating: number;
  verdict: Verdict | undefined;
  /** No pod was made that our copy does not show yet. */
  isCaughtUp: boolean;
  /** In a namespace that ends no pod is made any more. */
  isNamespaceEnding: boolean;
  /** Nothing where it was not the time to say. */
  isSuspended?: boolean;
}

export interface Count {
  status: Status;
  /** Whose finalizers go. */
  release: Pod[];
  /** There was no room for more: the rest is counted next time. */
  isFull: boolean;
}

export function countPods(observed: ObservedJob, tally: Tally, outcome: Outcome): Count {
  const { job } = observed;
  const settled = settle(job.status, job, tally.tracked);
  const succeeded = new Set(settled.uncountedTerminatedPods?.succeeded);
  const failed = new Set(settled.uncountedTerminatedPods?.failed);
  const indexes = new Set<number>();
  const release: Pod[] = [];
  let isFull = false;
  for (const pod of tally.tracked.filter((each) => mayBeReleased(each, job, tally, outcome))) {
    isFull = succeeded.size + failed.size + indexes.size >= uncountedAtMost;
    if (isFull) break;
    release.push(pod);
    const uid = pod.metadata.uid ?? '';
    const index = indexOf(pod, job);
    if (pod.status.phase === 'Succeeded' && !failed.has(uid)) {
      if (!isIndexed(job)) succeeded.add(uid);
      else if (index !== undefined) indexes.add(index);
    } else if (countsAsFailed(pod, job, outcome) && (!isIndexed(job) || index !== undefined)) failed.add(uid);
  }
  const status: Status = {
    ...settled,
    ...withProgress(observed, outcome),
    ...(isIndexed(job) && indexCounts(job, tally, indexes)),
    uncountedTerminatedPods: {
      ...(succeeded.size > 0 && { succeeded: [...succeeded] }),
      ...(failed.size > 0 && { failed: [...failed] }),
    },
  };
  for (const field of ['active', 'succeeded', 'completedIndexes'] as const) if (!status[field]) delete status[field];
  return { status, release, isFull };
}

function mayBeReleased(pod: Pod, job: Job, { waiting }: Tally, { verdict, isNamespaceEnding }: Outcome): boolean {
  if (isBeingDeleted(job) || verdict || pod.status.phase === 'Succeeded') return true;
  const isKept = !isNamespaceEnding && waiting.get(indexOf(pod, job) ?? -1) === pod;
  return hasFailed(pod, job) && !isKept;
}

/** When the job has failed, whoever still runs has failed with it. */
function countsAsFailed(pod: Pod, job: Job, { verdict }: Outcome): boolean {
  return (hasFailed(pod, job) || verdict?.type === 'FailureTarget') && meaningOfFailure(job, pod).isCounted;
}

function withProgress({ job, nowMs }: ObservedJob, outcome: Outcome): Partial<Status> {
  const { active, ready, terminating, verdict, isSuspended } = outcome;
  let { conditions }: { conditions?: readonly JobCondition[] | undefined } = job.status;
  let { startTime } = job.status;
  if (startTime === undefined && !job.spec.suspend) startTime = timestamp(nowMs);
  if (verdict) conditions = withCondition(conditions, { ...verdict, status: 'True' }, nowMs);
  if (isSuspended !== undefined) {
    const before = conditions;
    conditions = withCondition(conditions, suspension(isSuspended), nowMs);
    // The time that a job may take counts from when it goes on.
    if (!isSuspended && conditions !== before) startTime = timestamp(nowMs);
  }
  return {
    active,
    ready,
    terminating,
    ...(startTime !== undefined && { startTime }),
    ...(conditions && { conditions: [...conditions] }),
  };
}

function suspension(isSuspended: boolean): Pick<JobCondition, 'type' | 'status' | 'reason' | 'message'> {
  return isSuspended
    ? { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }
    : { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' };
}

function indexCounts({ spec, status }: Job, { failedIndexes }: Tally, fresh: Iterable<number>): Partial<Status> {
  const completed = IndexSet.parse(status.completedIndexes, spec.completions ?? 0).union(IndexSet.of(fresh));
  return {
    succeeded: completed.size,
    completedIndexes: `${completed}`,
    ...(failedIndexes && { failedIndexes: `${failedIndexes}` }),
  };
}

/** Counts who was named before and carries no finalizer any more. */
function settle(status: Status, job: Job, tracked: readonly Pod[]): Status {
  const isLeft = (
    (uids) => (uid: string) =>
      uids.has(uid)
  )(new Set(tracked.map(({ metadata }) => metadata.uid ?? '')));
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const left = { succeeded: succeeded.filter(isLeft), failed: failed.filter(isLeft) };
  return {
    ...status,
    ...withoutZeros({
      succeeded: (status.succeeded ?? 0) + (isIndexed(job) ? 0 : succeeded.length - left.succeeded.length),
      failed: (status.failed ?? 0) + failed.length - left.failed.length,
    }),
    uncountedTerminatedPods: {
      ...(left.succeeded.length > 0 && { succeeded: left.succeeded }),
      ...(left.failed.length > 0 && { failed: left.failed }),
    },
  };
}

export interface Settlement {
  status: Status;
  /** What the job has ended by, if it has. */
  end?: JobCondition;
}

/** The status when finalizers have been taken off; the last one of the job when there is nothing left to wait for. */
export function settleCount(
  job: Job,
  { status: before, isFull }: Count,
  tracked: readonly Pod[],
  { verdict, isCaughtUp }: Outcome,
  nowMs: number,
): Settlement {
  const status = settle(before, job, tracked);
  const isLeft = isFull || !isCaughtUp || !isDeepStrictEqual(status.uncountedTerminatedPods, {});
  if (!verdict || isLeft || (status.active ?? 0) > 0 || (status.terminating ?? 0) > 0) return { status };
  const { reason, message } = verdict;
  const type = verdict.type === 'FailureTarget' ? 'Failed' : 'Complete';
  const conditions = [...(withCondition(status.conditions, { type, status: 'True', reason, message }, nowMs) ?? [])];
  const end = conditions.find((condition) => condition.type === type);
  return {
    status: { ...status, conditions, ...(type === 'Complete' && { completionTime: timestamp(nowMs) }) },
    ...(end && { end }),
  };
}
