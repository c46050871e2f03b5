// Runs the pods of every Job until enough have succeeded or too many have failed. Makes and deletes only while the cache has
// caught up with what was done before; counts in three steps (job-status.ts), each of which may be the last before a crash.
import { isDeepStrictEqual } from 'node:util';
import { jobs } from '../../api/kinds/job.ts';
import type { Job } from '../../api/kinds/job-spec.ts';
import { namespaces } from '../../api/kinds/namespace.ts';
import { isPodReady, type Pod, pods } from '../../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { isPodActive } from '../../api/pod-availability.ts';
import { matchesLabelSelector } from '../../api/selector.ts';
import { isNotFound } from '../../api/status.ts';
import { claim, planClaims } from '../children/claims.ts';
import { Expectations } from '../children/expectations.ts';
import { followOwnedPods } from '../children/owned-pods.ts';
import { PodMaker } from '../children/pod-maker.ts';
import { slowStart } from '../children/slow-start.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import { restAfter } from '../rest.ts';
import { type FailureRecord, noFailures, recordOutcomes } from './job-backoff.ts';
import { endOf, type JobCondition, trueCondition, type Verdict } from './job-end.ts';
import { dismiss, isTracked, trackingFinalizer, untrack } from './job-finalizer.ts';
import { JobMetrics, type SyncAction } from './job-metrics.ts';
import { deadlineInMs, type JobPlan, judgeCompletion, judgeJob, planEnd, planJobPods } from './job-plan.ts';
import { draftJobPod, isOurs } from './job-pods.ts';
import { countPods, type Outcome, settleCount } from './job-status.ts';
import { type ObservedJob, type Tally, tallyJob } from './job-tally.ts';

const nothing: JobPlan = { dismiss: [], create: [] };

export function jobController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('job');
  const events = context.recorder('job-controller');
  const allJobs = informers.for(jobs);
  const allPods = informers.for(pods);
  const isEnding = endingNamespaces(informers);
  const restMs = (key: string) => restAfter(allJobs.get(key)?.status.active ?? 0);
  const queue = context.workQueue({ name: 'job', log, clock, sync: syncJob, workers: 8, restMs });
  const expectations = new Expectations({ clock, onExpired: (key) => queue.add(key) });
  const told = new JobMetrics(context.metrics);
  const maker = new PodMaker({ client, events, expectations });
  const records = new Map<string, FailureRecord>();
  /** Pods whose finalizer is off, until our copy of them shows it. */
  const released = new Set<string>();

  const owned = followOwnedPods({
    owners: allJobs,
    pods: allPods,
    expectations,
    isMember: (job, pod) => isOurs(job) && matchesLabelSelector(job.spec.selector, pod.metadata.labels),
    lookAgain: (key) => queue.add(key),
  });
  allJobs.onChange(({ object, previous }) => {
    const isOver = !object || object.metadata.uid !== previous?.metadata.uid || endOf(object);
    if (previous && isOver) records.delete(previous.metadata.uid ?? '');
    if (object && !previous && !isOurs(object)) told.handedOver(object.spec.managedBy ?? '');
  });
  // Pods that were kept for those to come after them need not be any more.
  informers.for(namespaces).onChange(({ key, object, previous }) => {
    const hasBegunToEnd = object && isBeingDeleted(object) && !(previous && isBeingDeleted(previous));
    if (hasBegunToEnd) for (const job of owned.ownersIn(key)) queue.add(keyOf(job));
  });
  allPods.onChange(({ object, previous }) => {
    if (previous && !(object && isTracked(object))) released.delete(previous.metadata.uid ?? '');
    told.podChanged(previous, object);
  });

  async function syncJob(key: string): Promise<void> {
    const begunMs = clock.monotonicMs();
    const job = await runningJob(key);
    if (!job) return;
    const turn: Turn = { action: 'reconciling' };
    let isFailed = true;
    try {
      await advance(key, job, turn);
      isFailed = false;
    } finally {
      told.synced(job, turn.action, { isFailed, ms: clock.monotonicMs() - begunMs });
    }
  }

  async function advance(key: string, job: Job, turn: Turn): Promise<void> {
    // Before the pods are looked at: what was made has to be among them.
    const isCaughtUp = expectations.isMet(key);
    const observed = await observeJob(job);
    const tally = tallyJob(observed);
    const decided = judgeJob(observed, tally);
    const isNamespaceEnding = isEnding(job.metadata.namespace);
    const isOurTurn = !decided && isCaughtUp && !isBeingDeleted(job) && !isNamespaceEnding;
    const plan = decided ? planEnd(tally) : isOurTurn ? planJobPods(observed, tally) : nothing;
    if (isOurTurn) turn.action = actionOf(plan);
    const { error, ...counts } = await doPlan(key, job, tally, plan, decided);
    const verdict = decided ?? judgeCompletion(job, tally, counts.active);
    const isSuspended = isOurTurn && !verdict ? { isSuspended: job.spec.suspend ?? false } : {};
    const outcome: Outcome = { ...counts, verdict, isCaughtUp, isNamespaceEnding, ...isSuspended };
    await count(key, observed, tally, outcome);
    if (error !== undefined) throw error;
    const waits = [plan.againInMs, deadlineInMs(job, clock.now())].filter((ms) => ms !== undefined);
    if (!verdict && waits.length > 0) queue.addAfter(key, Math.min(...waits));
  }

  /** As the API has it now: by a copy that is behind, a pod would be made again that has been counted already. */
  async function runningJob(key: string): Promise<Job | undefined> {
    const known = allJobs.get(key);
    if (!known || endOf(known) || !isOurs(known)) return undefined;
    try {
      const job = await client.get(jobs, known.metadata);
      return endOf(job) || !isOurs(job) ? undefined : job;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function observeJob(job: Job): Promise<ObservedJob> {
    const claims = planClaims(job, job.spec.selector, owned.candidatesOf(job));
    const kinds = { owner: jobs, dependent: pods, finalizer: trackingFinalizer };
    const own = await claim(client, kinds, job, claims);
    return {
      job,
      pods: own,
      released,
      record: records.get(job.metadata.uid ?? '') ?? recordOf(own),
      nowMs: clock.now(),
    };
  }

  /** Answers how it is then, and the first error, so that the status is written before the work is tried again. */
  async function doPlan(
    key: string,
    job: Job,
    tally: Tally,
    plan: JobPlan,
    verdict: Verdict | undefined,
  ): Promise<Pick<Outcome, 'active' | 'ready' | 'terminating'> & { error?: unknown }> {
    const { create } = plan;
    const deletions = verdict ? [] : plan.dismiss.map(({ metadata }) => metadata.uid ?? '');
    // What was expected before stays so where nothing is made or deleted now.
    if (create.length + deletions.length > 0) expectations.expect(key, { creations: create.length, deletions });
    const waiting = [...create];
    let made = 0;
    const { tried, error } = await slowStart(create.length, async () => {
      await maker.create(key, job, draftJobPod(job, waiting.shift()));
      made += 1;
    });
    told.created(job, tally, { made, refused: tried - made });
    for (let untried = create.length - tried; untried > 0; untried--) expectations.creationObserved(key);
    const results = await Promise.allSettled(
      plan.dismiss.map(async (pod) => {
        // Who is one too many counts for nothing; who goes because the job is decided does.
        if (!verdict) await release(pod, dismiss);
        await maker.delete(key, job, pod);
        return pod;
      }),
    );
    const gone = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const ended = gone.filter(isPodActive);
    const failure = results.find((result) => result.status === 'rejected');
    return {
      active: tally.active.length + made - ended.length,
      ready: tally.ready - ended.filter(isPodReady).length,
      terminating: tally.terminating + ended.length,
      error: error ?? failure?.reason,
    };
  }

  async function count(key: string, observed: ObservedJob, tally: Tally, outcome: Outcome): Promise<void> {
    const counted = countPods(observed, tally, outcome);
    const named = await writeStatus(observed.job, counted.status);
    if (!named) return;
    tellSuspension(observed.job, named);
    const off = new Set(counted.release);
    const isOff = (pod: Pod) => off.has(pod);
    const { newlySucceeded, newlyFailed } = tally;
    records.set(
      named.metadata.uid ?? '',
      recordOutcomes(observed.record, newlySucceeded.filter(isOff), newlyFailed.filter(isOff)),
    );
    told.judged(named, newlyFailed.filter(isOff));
    const results = await Promise.allSettled(counted.release.map((pod) => release(pod, untrack)));
    const left = tally.tracked.filter((pod) => !released.has(pod.metadata.uid ?? ''));
    const { status, end } = settleCount(named, counted, left, outcome, clock.now());
    const settled = await writeStatus(named, status);
    if (settled && end) tellEnd(settled, end);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    if (counted.isFull) queue.add(key);
  }

  async function release(pod: Pod, letGo: typeof untrack): Promise<void> {
    const { uid = '' } = pod.metadata;
    released.add(uid);
    try {
      await letGo(client, pod);
      if (allPods.get(keyOf(pod))?.metadata.uid !== uid) released.delete(uid);
    } catch (error) {
      released.delete(uid);
      throw error;
    }
  }

  /** Answers the job as it is then, or nothing where it is gone. */
  async function writeStatus(job: Job, status: Job['status']): Promise<Job | undefined> {
    if (isDeepStrictEqual(status, job.status)) return job;
    try {
      const written = await client.update(jobs, { ...job, status }, 'status');
      told.counted(job.status, written);
      return written;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  function tellSuspension(before: Job, after: Job): void {
    const [was, is] = [before, after].map((job) => trueCondition(job, 'Suspended') !== undefined);
    if (is && !was) events.record(after, { type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
    if (was && !is) events.record(after, { type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
  }

  function tellEnd(job: Job, end: JobCondition): void {
    const { type, reason = '', message = '' } = end;
    told.ended(job, end);
    if (type === 'Failed') {
      events.record(job, { type: 'Warning', reason, message });
      return;
    }
    const { spec, status } = job;
    if (spec.completions !== undefined && (status.succeeded ?? 0) > spec.completions) {
      const tooMany = 'Too many succeeded pods running after completion count reached';
      events.record(job, { type: 'Warning', reason: 'TooManySucceededPods', message: tooMany });
    }
    events.record(job, { type: 'Normal', reason: 'Completed', message: 'Job completed' });
  }

  return { name: 'job', start: (signal) => queue.start(signal) };
}

/** One turn of a job, for the metrics. */
interface Turn {
  action: SyncAction;
}

function actionOf({ create, dismiss }: JobPlan): SyncAction {
  return dismiss.length > 0 ? 'pods_deleted' : create.length > 0 ? 'pods_created' : 'tracking';
}

/** What an earlier life of this server knew: from the pods that have been counted. */
function recordOf(own: readonly Pod[]): FailureRecord {
  const counted = own.filter((pod) => !isTracked(pod));
  const inPhase = (phase: string) => counted.filter(({ status }) => status.phase === phase);
  return recordOutcomes(noFailures, inPhase('Succeeded'), inPhase('Failed'));
}
