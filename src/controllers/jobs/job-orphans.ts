// Takes the finalizer that keeps a pod until its job has counted it off pods that nobody will count: their job is gone or has
// ended, or they belong to none.
import { jobs } from '../../api/kinds/job.ts';
import type { Job } from '../../api/kinds/job-spec.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { controllerOf } from '../../api/meta.ts';
import { isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endOf } from './job-end.ts';
import { isTracked, untrack } from './job-finalizer.ts';
import { isOurs } from './job-pods.ts';

export function jobOrphanController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('job-orphans');
  const allJobs = informers.for(jobs);
  const allPods = informers.for(pods);
  const jobsByUid = allJobs.indexBy(({ metadata }) => [metadata.uid ?? '']);
  const trackedOf = allPods.indexBy((pod) => (isTracked(pod) ? [controllerOf(pod)?.uid ?? ''] : []));
  const queue = context.workQueue({ name: 'job-orphans', log, clock, sync: syncPod, workers: 4 });

  allPods.onChange(({ key, object }) => {
    if (object && isTracked(object) && isOrphan(object, jobInCache(object))) queue.add(key);
  });
  allJobs.onChange(({ object, previous }) => {
    if (object && !endOf(object)) return;
    for (const { metadata } of trackedOf((object ?? previous)?.metadata.uid ?? '')) {
      queue.add(`${metadata.namespace}/${metadata.name}`);
    }
  });

  const jobInCache = (pod: Pod): Job | undefined => jobsByUid(controllerOf(pod)?.uid ?? '')[0];

  async function syncPod(key: string): Promise<void> {
    const pod = allPods.get(key);
    if (!pod || !isTracked(pod) || !isOrphan(pod, await jobNow(pod))) return;
    await untrack(client, pod);
  }

  /** The copy of the jobs may be behind that of the pods: only the server's word makes a job gone. */
  async function jobNow(pod: Pod): Promise<Job | undefined> {
    const known = jobInCache(pod);
    const owner = controllerOf(pod);
    if (known || owner?.kind !== 'Job') return known;
    const { namespace } = pod.metadata;
    const job = await client.get(jobs, { namespace, name: owner.name }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
    return job?.metadata.uid === owner.uid ? job : undefined;
  }

  return { name: 'job-orphans', start: (signal) => queue.start(signal) };
}

/** Pods of a job that somebody else runs are left to them. */
function isOrphan(pod: Pod, job: Job | undefined): boolean {
  const owner = controllerOf(pod);
  if (!owner) return true;
  if (owner.kind !== 'Job') return false;
  return !job || (endOf(job) !== undefined && isOurs(job));
}
