// Where a job stands: which of its pods run, which have ended and are not counted yet, and what the counts would be with them.
// A pod carries a finalizer until it is counted; one that has lost it, or is gone, has been. Pure.
import type { Job } from '../../api/kinds/job-spec.ts';
import { isPodReady, type Pod } from '../../api/kinds/pod.ts';
import { isPodActive } from '../../api/pod-availability.ts';
import { IndexSet } from './index-set.ts';
import type { FailureRecord } from './job-backoff.ts';
import { isTracked } from './job-finalizer.ts';
import {
  earlierFailures,
  hasFailed,
  hasLimitPerIndex,
  ignoredFailures,
  indexOf,
  isIndexed,
  isTerminating,
} from './job-pods.ts';
import { meaningOfFailure } from './job-policies.ts';

export interface ObservedJob {
  job: Job;
  pods: readonly Pod[];
  /** Pods (by uid) whose finalizer has been taken off, though our copy of them may not show it yet. */
  released: ReadonlySet<string>;
  /** Of the pods that have been counted. */
  record: FailureRecord;
  nowMs: number;
}

export interface Tally {
  /** Pods that carry the finalizer still. */
  tracked: Pod[];
  active: Pod[];
  ready: number;
  terminating: number;
  /** Ended, and counted by nobody yet. */
  newlySucceeded: Pod[];
  newlyFailed: Pod[];
  /** With those that are not counted yet. */
  succeeded: number;
  failed: number;
  succeededIndexes: IndexSet;
  /** Where the limit of failures is by place: those that are given up. */
  failedIndexes: IndexSet | undefined;
  /** Of each place that waits for another try: the pod that failed last, kept for what it knows. */
  waiting: ReadonlyMap<number, Pod>;
}

export function tallyJob({ job, pods, released }: ObservedJob): Tally {
  const { spec, status } = job;
  const tracked = pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid ?? ''));
  const uncounted = status.uncountedTerminatedPods ?? {};
  const counted = new Set([...(uncounted.succeeded ?? []), ...(uncounted.failed ?? [])]);
  const fresh = tracked
    .filter(({ metadata }) => !counted.has(metadata.uid ?? ''))
    .filter((pod) => !isIndexed(job) || indexOf(pod, job) !== undefined);
  const newlySucceeded = fresh.filter((pod) => pod.status.phase === 'Succeeded');
  const newlyFailed = fresh.filter((pod) => hasFailed(pod, job));
  const countedFailures = newlyFailed.filter((pod) => meaningOfFailure(job, pod).isCounted);
  const active = pods.filter(isPodActive);
  const completions = spec.completions ?? 0;
  const succeededIndexes = IndexSet.parse(status.completedIndexes, completions).union(indexesOf(newlySucceeded, job));
  const failedIndexes = hasLimitPerIndex(job)
    ? IndexSet.parse(status.failedIndexes, completions).union(
        indexesOf(
          tracked.filter((pod) => givesUpIndex(pod, job)),
          job,
        ),
      )
    : undefined;
  return {
    tracked,
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isTerminating).length,
    newlySucceeded,
    newlyFailed,
    succeeded: isIndexed(job)
      ? succeededIndexes.size
      : (status.succeeded ?? 0) + (uncounted.succeeded?.length ?? 0) + newlySucceeded.length,
    failed: (status.failed ?? 0) + (uncounted.failed?.length ?? 0) + countedFailures.length,
    succeededIndexes,
    failedIndexes,
    waiting: failedIndexes
      ? waitingPods(job, tracked, [succeededIndexes, failedIndexes, indexesOf(active, job)])
      : new Map(),
  };
}

export function indexesOf(pods: readonly Pod[], job: Job): IndexSet {
  return IndexSet.of(pods.flatMap((pod) => indexOf(pod, job) ?? []));
}

function givesUpIndex(pod: Pod, job: Job): boolean {
  if (!hasFailed(pod, job)) return false;
  const { action, isCounted } = meaningOfFailure(job, pod);
  return action === 'FailIndex' || (isCounted && earlierFailures(pod) >= (job.spec.backoffLimitPerIndex ?? 0));
}

function waitingPods(job: Job, tracked: readonly Pod[], settled: readonly IndexSet[]): Map<number, Pod> {
  const waiting = new Map<number, Pod>();
  for (const pod of tracked.filter((each) => hasFailed(each, job))) {
    const index = indexOf(pod, job);
    if (index === undefined || settled.some((set) => set.has(index))) continue;
    const known = waiting.get(index);
    if (!known || allFailures(known) <= allFailures(pod)) waiting.set(index, pod);
  }
  return waiting;
}

/** How often the pod's place had failed before it, for whatever reason. */
export const allFailures = (pod: Pod): number => earlierFailures(pod) + ignoredFailures(pod);
