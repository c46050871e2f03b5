// Deletes jobs that have ended when their ttlSecondsAfterFinished is over, and their pods before them.
import { jobs } from '../api/kinds/job.ts';
import type { Job } from '../api/kinds/job-spec.ts';
import { isBeingDeleted } from '../api/meta.ts';
import { isConflict, isNotFound } from '../api/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { endOf } from './job-end.ts';

export function jobTtlController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('job-ttl');
  const allJobs = informers.for(jobs);
  const queue = context.workQueue({ name: 'job-ttl', log, clock, sync: syncJob, workers: 4 });

  allJobs.onChange(({ key, object }) => {
    if (object && expiresAtMs(object) !== undefined) queue.add(key);
  });

  async function syncJob(key: string): Promise<void> {
    if (waitMs(allJobs.get(key), key) !== 0) return;
    // The copy may not know yet that somebody wants to keep the job for longer.
    try {
      const [namespace = '', name = ''] = key.split('/');
      const job = await client.get(jobs, { namespace, name });
      if (waitMs(job, key) !== 0) return;
      await client.delete(jobs, job.metadata, { uid: job.metadata.uid, propagationPolicy: 'Foreground' });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** 0 where the job is to go now; it is looked at again when its time comes. */
  function waitMs(job: Job | undefined, key: string): number | undefined {
    const atMs = job && expiresAtMs(job);
    if (atMs === undefined) return undefined;
    const leftMs = Math.max(0, atMs - clock.now());
    if (leftMs > 0) queue.addAfter(key, leftMs);
    return leftMs;
  }

  return { name: 'job-ttl', start: (signal) => queue.start(signal) };
}

export function expiresAtMs(job: Job): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec;
  const end = endOf(job);
  if (ttlSecondsAfterFinished === undefined || !end || isBeingDeleted(job)) return undefined;
  return Date.parse(end.lastTransitionTime ?? '') + ttlSecondsAfterFinished * 1000;
}
