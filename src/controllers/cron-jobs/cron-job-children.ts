// The jobs of a cron job: which still run, which have ended since its status was written, which are too old to be kept; and
// what the next one is like. Pure.
import type { CronJob } from '../../api/kinds/cron-job.ts';
import type { Job } from '../../api/kinds/job-spec.ts';
import { controllerReference, isBeingDeleted } from '../../api/meta.ts';
import type { Draft } from '../../client/client.ts';
import type { Happening } from '../../client/event-recorder.ts';
import { endOf } from '../jobs/job-end.ts';
import { jobNameAt } from './cron-job-plan.ts';
import { zonedTimestamp } from './cron-times.ts';

export type JobReference = NonNullable<CronJob['status']['active']>[number];

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export interface Children {
  active: JobReference[];
  /** Said to be active, and not to be seen: gone, or not in our copy yet. */
  unseen: JobReference[];
  lastSuccessfulTime: string | undefined;
  tell: Happening[];
}

export function reviewChildren({ status }: CronJob, own: readonly Job[]): Children {
  const byUid = new Map(own.map((job) => [job.metadata.uid, job]));
  const known = status.active ?? [];
  const tell: Happening[] = [];
  for (const job of own) {
    const { name, uid } = job.metadata;
    const end = endOf(job);
    const isKnown = known.some((reference) => reference.uid === uid);
    if (!isKnown && !end) {
      const message = `Saw a job that the controller did not create or forgot: ${name}`;
      tell.push({ type: 'Warning', reason: 'UnexpectedJob', message });
    } else if (isKnown && end) {
      const message = `Saw completed job: ${name}, condition: ${end.type}`;
      tell.push({ type: 'Normal', reason: 'SawCompletedJob', message });
    }
  }
  const successes = own.flatMap((job) => (endOf(job)?.type === 'Complete' ? (job.status.completionTime ?? []) : []));
  return {
    active: known.filter(({ uid }) => {
      const job = byUid.get(uid);
      return job && !endOf(job);
    }),
    unseen: known.filter(({ uid }) => !byUid.has(uid)),
    lastSuccessfulTime: [status.lastSuccessfulTime ?? [], successes].flat().sort().at(-1),
    tell,
  };
}

/** The oldest of those that have ended, beyond as many as are to be kept. */
export function outlivedJobs({ spec }: CronJob, own: readonly Job[]): Job[] {
  const beyond = (type: string, limit: number | undefined) => {
    const ended = own.filter((job) => endOf(job)?.type === type && !isBeingDeleted(job)).sort(byStart);
    return limit === undefined ? [] : ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...beyond('Complete', spec.successfulJobsHistoryLimit), ...beyond('Failed', spec.failedJobsHistoryLimit)];
}

function byStart(a: Job, b: Job): number {
  const [first, second] = [a, b].map(({ metadata, status }) => `${status.startTime ?? '~'} ${metadata.name}`);
  return (first ?? '') < (second ?? '') ? -1 : 1;
}

export function draftJob(cronJob: CronJob, startAtMs: number): Draft<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    metadata: {
      name: jobNameAt(cronJob, startAtMs),
      ...(cronJob.metadata.namespace && { namespace: cronJob.metadata.namespace }),
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: {
        ...metadata?.annotations,
        [scheduledAnnotation]: zonedTimestamp(cronJob.spec.timeZone ?? 'UTC', startAtMs),
      },
      ownerReferences: [controllerReference(cronJob)],
    },
    ...(spec && { spec }),
  };
}

export function referenceTo({ apiVersion, kind, metadata }: Job): JobReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    ...{ apiVersion, kind, name },
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  };
}
