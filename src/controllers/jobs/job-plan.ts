// What a job needs: whether it is decided, which pods go, and which are made when. Pure.
import type { Job } from '../../api/kinds/job-spec.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { inDeletionOrder } from '../children/pod-deletion-order.ts';
import { backoffMs, recordOutcomes } from './job-backoff.ts';
import { type Verdict, verdictOf } from './job-end.ts';
import { isDismissed } from './job-finalizer.ts';
import {
  earlierFailures,
  endedAtMs,
  hasFailed,
  ignoredFailures,
  indexOf,
  isIndexed,
  isTerminating,
  type Place,
} from './job-pods.ts';
import { meaningOfFailure, successByPolicy } from './job-policies.ts';
import { allFailures, indexesOf, type ObservedJob, type Tally } from './job-tally.ts';

/** No more than this in one go, so that other jobs get their turn. */
const burst = 500;

export interface JobPlan {
  /** Pods that go. */
  dismiss: readonly Pod[];
  /** One entry for each pod to make: its place, where it has one. */
  create: readonly (Place | undefined)[];
  /** When there is more to do. */
  againInMs?: number;
}

const failure = (reason: string, message: string): Verdict => ({ type: 'FailureTarget', reason, message });

/** What is decided about the job, if anything is: its active pods go then. */
export function judgeJob({ job, pods, nowMs }: ObservedJob, tally: Tally): Verdict | undefined {
  const { backoffLimit = 6, completions = 0, maxFailedIndexes } = job.spec;
  const decided = verdictOf(job);
  if (decided) return decided;
  const failsJob = pods
    .filter((pod) => job.spec.podFailurePolicy && hasFailed(pod, job))
    .map((pod) => meaningOfFailure(job, pod).failsJob)
    .find((message) => message !== undefined);
  if (failsJob !== undefined) return failure('PodFailurePolicy', failsJob);
  if (tally.failed > backoffLimit || restartsExceed(job, pods)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if (deadlineInMs(job, nowMs) === 0) {
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  }
  if (!isIndexed(job)) return undefined;
  const failed = tally.failedIndexes?.size ?? 0;
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    return failure('MaxFailedIndexesExceeded', message);
  }
  if (failed > 0 && failed + tally.succeededIndexes.size >= completions) {
    return failure('FailedIndexes', 'Job has failed indexes');
  }
  const message = successByPolicy(job, tally.succeededIndexes);
  return message === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message };
}

/** Whether all that was asked for is done, with so many pods still active. */
export function judgeCompletion({ spec }: Job, { succeeded }: Tally, active: number): Verdict | undefined {
  const isComplete = spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions;
  if (!isComplete || active > 0) return undefined;
  return {
    type: 'SuccessCriteriaMet',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
}

/** Containers that are started again in their pod are failures, too. */
function restartsExceed({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter(({ status }) => status.phase === 'Running' || status.phase === 'Pending')
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts > 0 && restarts >= (spec.backoffLimit ?? 6);
}

/** Milliseconds until the job's time is over, where it is limited. */
export function deadlineInMs({ spec, status }: Job, nowMs: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status.startTime === undefined || spec.suspend) return undefined;
  return Math.max(0, Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000 - nowMs);
}

/** For a job that is decided: who still runs goes, and is counted where that says something. */
export const planEnd = ({ active }: Tally): JobPlan => ({ dismiss: active.slice(0, burst), create: [] });

/** For a job about which nothing is decided yet. */
export function planJobPods(observed: ObservedJob, tally: Tally): JobPlan {
  const { job, nowMs } = observed;
  // Whatever has become of them since: what broke off is done first.
  const dismissed = observed.pods.filter(isDismissed);
  if (dismissed.length > 0) return { dismiss: dismissed.slice(0, burst), create: [] };
  const active = tally.active.length;
  const wanted = wantedPods(job, tally);
  const dismiss = surplusPods(job, tally.active, Math.max(0, active - wanted), nowMs).slice(0, burst);
  // Those that go may free places for others: that is seen when they have gone.
  if (dismiss.length > 0) return { dismiss, create: [] };
  const awaited = job.spec.podReplacementPolicy === 'Failed' ? tally.terminating : 0;
  const missing = Math.min(burst, wanted - awaited - active);
  if (missing <= 0) return { dismiss, create: [] };
  if (tally.failedIndexes) return { dismiss, ...planPlaces(observed, tally, missing) };
  const record = recordOutcomes(observed.record, tally.newlySucceeded, tally.newlyFailed);
  const againInMs = backoffMs(record, nowMs);
  if (againInMs > 0) return { dismiss, create: [], againInMs };
  if (!isIndexed(job)) return { dismiss, create: Array<undefined>(missing).fill(undefined) };
  return { dismiss, create: pendingIndexes(observed, tally, missing).map((index) => ({ index })) };
}

function wantedPods({ spec }: Job, { active, succeeded }: Tally): number {
  const { parallelism = 1, completions, suspend } = spec;
  if (suspend) return 0;
  if (completions !== undefined) return Math.max(0, Math.min(parallelism, completions - succeeded));
  // A work queue: once a pod has said that the work is done, none is added and none goes.
  return succeeded > 0 ? active.length : parallelism;
}

/** At least so many, and of each place all but one. */
function surplusPods(job: Job, active: readonly Pod[], atLeast: number, nowMs: number): Pod[] {
  // As in nearly all rounds: then there is nothing to put in order.
  if (atLeast === 0 && (!isIndexed(job) || haveOwnPlaces(job, active))) return [];
  const ordered = inDeletionOrder(active, [], nowMs);
  if (!isIndexed(job)) return ordered.slice(0, atLeast);
  const keeper = new Map<number | undefined, Pod>();
  for (const pod of ordered) keeper.set(indexOf(pod, job), pod);
  keeper.delete(undefined);
  const kept = new Set(keeper.values());
  const doubles = ordered.filter((pod) => !kept.has(pod));
  return [...doubles, ...ordered.filter((pod) => kept.has(pod)).slice(0, Math.max(0, atLeast - doubles.length))];
}

/** Whether each has a place, and none that of another. */
function haveOwnPlaces(job: Job, pods: readonly Pod[]): boolean {
  const places = new Set(pods.map((pod) => indexOf(pod, job)));
  return places.size === pods.length && !places.has(undefined);
}

function pendingIndexes({ job, pods }: ObservedJob, tally: Tally, count: number): number[] {
  let settled = tally.succeededIndexes.union(indexesOf(tally.active, job));
  if (job.spec.podReplacementPolicy === 'Failed') settled = settled.union(indexesOf(pods.filter(isTerminating), job));
  if (tally.failedIndexes) settled = settled.union(tally.failedIndexes);
  return settled.firstMissing(count, job.spec.completions ?? 0);
}

/** Where failures are counted by place, each place waits for itself. */
function planPlaces(observed: ObservedJob, tally: Tally, missing: number): Omit<JobPlan, 'dismiss'> {
  const { job, nowMs } = observed;
  const places = pendingIndexes(observed, tally, missing).map((index) => {
    const last = tally.waiting.get(index);
    const record = last ? { failures: allFailures(last) + 1, lastMs: endedAtMs(last) } : undefined;
    return { index, failures: failuresAfter(job, last), waitMs: record ? backoffMs(record, nowMs) : 0 };
  });
  const waits = places.flatMap(({ waitMs }) => waitMs || []);
  return {
    create: places.filter(({ waitMs }) => waitMs === 0).map(({ index, failures }) => ({ index, failures })),
    ...(waits.length > 0 && { againInMs: Math.min(...waits) }),
  };
}

function failuresAfter(job: Job, last: Pod | undefined): NonNullable<Place['failures']> {
  if (!last) return { counted: 0, ignored: 0 };
  const { isCounted } = meaningOfFailure(job, last);
  return {
    counted: earlierFailures(last) + (isCounted ? 1 : 0),
    ignored: ignoredFailures(last) + (isCounted ? 0 : 1),
  };
}
