// Deletes jobs that have ended when their ttlSecondsAfterFinished is over, and their pods before them.
import { jobs } from '../../api/kinds/job.ts';
import type { Job } from '../../api/kinds/job-spec.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { unlessGone } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { WallAlarm } from '../wall-alarm.ts';
import { endOf } from './job-end.ts';

/** Up to some fourteen minutes. */
const secondsBuckets = Array.from({ length: 14 }, (_, index) => 0.1 * 2 ** index);

export function jobTtlController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('job-ttl');
  const allJobs = informers.for(jobs);
  const queue = context.workQueue({ name: 'job-ttl', log, clock, sync: syncJob, workers: 4 });
  const seconds = context.metrics.histogram(
    'ttl_after_finished_controller_job_deletion_duration_seconds',
    'From when a job might go to when it was deleted.',
    [],
    secondsBuckets,
  );
  const alarm = new WallAlarm({ clock, onDue: (key) => queue.add(key) });

  allJobs.onChange(({ key, object }) => alarm.set(key, object && expiresAtMs(object)));

  async function syncJob(key: string): Promise<void> {
    try {
      // The copy may not know yet that somebody wants to keep the job for longer.
      const [namespace = '', name = ''] = key.split('/');
      const job = await client.get(jobs, { namespace, name });
      const atMs = expiresAtMs(job);
      if (atMs === undefined) return;
      if (atMs > clock.now()) return alarm.set(key, atMs);
      await client.delete(jobs, job.metadata, { uid: job.metadata.uid, propagationPolicy: 'Foreground' });
      seconds.observe([], (clock.now() - atMs) / 1000);
    } catch (error) {
      unlessGone(error);
    }
  }

  return { name: 'job-ttl', start: (signal) => queue.start(signal) };
}

/** Nothing where it has not ended, or may stay. */
function expiresAtMs(job: Job): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec;
  const endedAtMs = Date.parse(endOf(job)?.lastTransitionTime ?? '');
  if (ttlSecondsAfterFinished === undefined || Number.isNaN(endedAtMs) || isBeingDeleted(job)) return undefined;
  return endedAtMs + ttlSecondsAfterFinished * 1000;
}
