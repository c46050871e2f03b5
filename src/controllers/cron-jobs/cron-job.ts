// Makes a job for each time of every CronJob's schedule. The name of a job says for which time it is, so that none is made
// twice by a server that was killed in between; those that have ended are kept as long as the history limits say.
import { isDeepStrictEqual } from 'node:util';
import { type CronJob, cronJobs } from '../../api/kinds/cron-job.ts';
import { jobs } from '../../api/kinds/job.ts';
import type { Job } from '../../api/kinds/job-spec.ts';
import { controllerOf, isBeingDeleted } from '../../api/meta.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/status.ts';
import { timestamp } from '../../base/clock.ts';
import { errorText } from '../../base/error-text.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import { WallAlarm } from '../wall-alarm.ts';
import { draftJob, type JobReference, outlivedJobs, referenceTo, reviewChildren } from './cron-job-children.ts';
import { type CronPlan, jobNameAt, planCronJob } from './cron-job-plan.ts';

/** Up to some eight minutes. */
const skewBuckets = Array.from({ length: 10 }, (_, index) => 2 ** index);

export function cronJobController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('cronjob');
  const events = context.recorder('cronjob-controller');
  const allCronJobs = informers.for(cronJobs);
  const allJobs = informers.for(jobs);
  const isEnding = endingNamespaces(informers);
  const cronJobsByUid = allCronJobs.indexBy(({ metadata }) => [metadata.uid ?? '']);
  const jobsOf = allJobs.indexBy((job) => [controllerOf(job)?.uid ?? '']);
  const queue = context.workQueue({ name: 'cronjob', log, clock, sync: syncCronJob, workers: 4 });
  const alarm = new WallAlarm({ clock, onDue: (key) => queue.add(key) });
  const skewSeconds = context.metrics.histogram(
    'cronjob_controller_job_creation_skew_duration_seconds',
    'From the time that is scheduled to when its job is made.',
    [],
    skewBuckets,
  );
  const serverZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

  allCronJobs.onChange(({ key }) => queue.add(key));
  allJobs.onChange(({ object, previous }) => {
    const job = object ?? previous;
    const [owner] = cronJobsByUid((job && controllerOf(job)?.uid) ?? '');
    if (owner) queue.add(`${owner.metadata.namespace}/${owner.metadata.name}`);
  });

  async function syncCronJob(key: string): Promise<void> {
    const cronJob = await currentCronJob(key);
    if (!cronJob) return alarm.set(key, undefined);
    const own = jobsOf(cronJob.metadata.uid ?? '');
    const reviewed = await withChildren(cronJob, own);
    const mayStart = !isBeingDeleted(cronJob) && !isEnding(cronJob.metadata.namespace);
    const plan: CronPlan = mayStart ? planCronJob(reviewed, serverZone, clock.now()) : { tell: [] };
    for (const happening of plan.tell) events.record(cronJob, happening);
    alarm.set(key, plan.againAtMs);
    let status = reviewed.status;
    try {
      if (plan.startAtMs !== undefined) status = await start(reviewed, plan.startAtMs);
    } finally {
      await writeStatus(cronJob, status);
    }
    for (const job of outlivedJobs(cronJob, own)) await remove(cronJob, job);
  }

  /** As the API has it now: by a copy that is behind, what it made last would be something unexpected. */
  async function currentCronJob(key: string): Promise<CronJob | undefined> {
    const known = allCronJobs.get(key);
    if (!known) return undefined;
    return client.get(cronJobs, known.metadata).catch(absent);
  }

  async function withChildren(cronJob: CronJob, own: readonly Job[]): Promise<CronJob> {
    const { active, unseen, lastSuccessfulTime, tell } = reviewChildren(cronJob, own);
    for (const reference of unseen) {
      if (await jobOf(reference)) active.push(reference);
      else tell.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${reference.name}` });
    }
    for (const happening of tell) events.record(cronJob, happening);
    const { active: _, ...rest } = cronJob.status;
    const status = {
      ...rest,
      ...(active.length > 0 && { active }),
      ...(lastSuccessfulTime !== undefined && { lastSuccessfulTime }),
    };
    return { ...cronJob, status };
  }

  async function jobOf({ namespace, name = '', uid }: JobReference): Promise<Job | undefined> {
    const job = await client.get(jobs, { namespace, name }).catch(absent);
    return job?.metadata.uid === uid ? job : undefined;
  }

  /** Answers the status with the new job in it. */
  async function start(cronJob: CronJob, startAtMs: number): Promise<CronJob['status']> {
    let active = cronJob.status.active ?? [];
    if (cronJob.spec.concurrencyPolicy === 'Replace') {
      for (const reference of active) {
        const job = await jobOf(reference);
        if (job) await remove(cronJob, job);
      }
      active = [];
    }
    const job = await makeJob(cronJob, startAtMs);
    if (!job) return cronJob.status;
    return {
      ...cronJob.status,
      active: [...active, referenceTo(job)],
      lastScheduleTime: timestamp(startAtMs),
    };
  }

  /** Made now, or before a crash; nothing where the name is another's. */
  async function makeJob(cronJob: CronJob, startAtMs: number): Promise<Job | undefined> {
    try {
      const job = await client.create(jobs, draftJob(cronJob, startAtMs));
      const message = `Created job ${job.metadata.name}`;
      events.record(cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message });
      skewSeconds.observe([], madeAfterMs(job, startAtMs) / 1000);
      return job;
    } catch (error) {
      if (!isAlreadyExists(error)) {
        const message = `Error creating job: ${errorText(error)}`;
        events.record(cronJob, { type: 'Warning', reason: 'FailedCreate', message });
        throw error;
      }
      const { namespace, uid } = cronJob.metadata;
      const job = await client.get(jobs, { namespace, name: jobNameAt(cronJob, startAtMs) });
      return controllerOf(job)?.uid === uid ? job : undefined;
    }
  }

  async function remove(cronJob: CronJob, { metadata }: Job): Promise<void> {
    try {
      await client.delete(jobs, metadata, { uid: metadata.uid, propagationPolicy: 'Background' });
      const message = `Deleted job ${metadata.name}`;
      events.record(cronJob, { type: 'Normal', reason: 'SuccessfulDelete', message });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      const message = `Deleted job: ${errorText(error)}`;
      events.record(cronJob, { type: 'Warning', reason: 'FailedDelete', message });
      throw error;
    }
  }

  async function writeStatus(cronJob: CronJob, status: CronJob['status']): Promise<void> {
    if (isDeepStrictEqual(status, cronJob.status)) return;
    await client.update(cronJobs, { ...cronJob, status }, 'status').catch(absent);
  }

  return { name: 'cronjob', start: (signal) => queue.start(signal) };
}

/** By the API's clock, as Kubernetes reckons it. */
function madeAfterMs({ metadata }: Job, startAtMs: number): number {
  return Date.parse(metadata.creationTimestamp ?? '') - startAtMs;
}

function absent(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
