// What the loop of jobs tells of itself, under the names that Kubernetes gives it.
import type { Job } from '../../api/kinds/job-spec.ts';
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import type { Metrics } from '../../base/metrics.ts';
import { IndexSet } from './index-set.ts';
import type { JobCondition } from './job-end.ts';
import { isTracked } from './job-finalizer.ts';
import { hasLimitPerIndex, isIndexed } from './job-pods.ts';
import { meaningOfFailure } from './job-policies.ts';
import type { Tally } from './job-tally.ts';

/** What was done about a job in one turn: `reconciling` where it was not the time to do anything. */
export type SyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

const secondsBuckets = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index);

export class JobMetrics {
  readonly #syncs;
  readonly #syncSeconds;
  readonly #ends;
  readonly #pods;
  readonly #indexes;
  readonly #creations;
  readonly #ruled;
  readonly #finalizers;
  readonly #handedOver;

  constructor(metrics: Metrics) {
    const counter = (name: string, help: string, ...labels: string[]) =>
      metrics.counter(`job_controller_${name}`, help, labels);
    const ofSync = ['completion_mode', 'result', 'action'];
    this.#syncs = counter('job_syncs_total', 'Turns of a job.', ...ofSync);
    this.#syncSeconds = metrics.histogram(
      'job_controller_job_sync_duration_seconds',
      'How long a turn of a job took.',
      ofSync,
      secondsBuckets,
    );
    this.#ends = counter('jobs_finished_total', 'Jobs that have ended.', 'completion_mode', 'result', 'reason');
    this.#pods = counter('job_pods_finished_total', 'Pods that were counted.', 'completion_mode', 'result');
    this.#indexes = counter(
      'job_finished_indexes_total',
      'Places of indexed jobs that are done or given up.',
      'status',
      'backoffLimit',
    );
    this.#creations = counter('job_pods_creation_total', 'Pods that were to be made, by why.', 'reason', 'status');
    this.#ruled = counter(
      'pod_failures_handled_by_failure_policy_total',
      'Failed pods of which a podFailurePolicy said what to do.',
      'action',
    );
    this.#finalizers = counter(
      'terminated_pods_tracking_finalizer_total',
      'Pods that ended with the finalizer batch.kubernetes.io/job-tracking, and those that lost it then.',
      'event',
    );
    this.#handedOver = counter(
      'jobs_by_external_controller_total',
      'Jobs that were seen to be managed by somebody else.',
      'controller_name',
    );
  }

  synced(job: Job, action: SyncAction, { isFailed, ms }: { isFailed: boolean; ms: number }): void {
    const labels = [modeOf(job), isFailed ? 'error' : 'success', action];
    this.#syncs.add(labels);
    this.#syncSeconds.observe(labels, ms / 1000);
  }

  ended(job: Job, { type, reason = '' }: JobCondition): void {
    this.#ends.add([modeOf(job), type === 'Failed' ? 'failed' : 'succeeded', reason]);
  }

  /** Its status has been written: what is counted there more than before. */
  counted(before: Job['status'], job: Job): void {
    const { spec, status } = job;
    const more = (count: (status: Job['status']) => number) => Math.max(0, count(status) - count(before));
    const placesIn = (text: string | undefined) => IndexSet.parse(text, spec.completions ?? 0).size;
    this.#pods.add(
      [modeOf(job), 'succeeded'],
      more(({ succeeded = 0 }) => succeeded),
    );
    this.#pods.add(
      [modeOf(job), 'failed'],
      more(({ failed = 0 }) => failed),
    );
    if (!isIndexed(job)) return;
    const limit = hasLimitPerIndex(job) ? 'perIndex' : 'global';
    this.#indexes.add(
      ['succeeded', limit],
      more(({ completedIndexes }) => placesIn(completedIndexes)),
    );
    this.#indexes.add(
      ['failed', limit],
      more(({ failedIndexes }) => placesIn(failedIndexes)),
    );
  }

  created({ spec }: Job, { failed, terminating }: Tally, pods: { made: number; refused: number }): void {
    const reason =
      spec.podReplacementPolicy === 'Failed' && failed > 0
        ? 'recreate_failed'
        : failed > 0 || terminating > 0
          ? 'recreate_terminating_or_failed'
          : 'new';
    if (pods.made > 0) this.#creations.add([reason, 'succeeded'], pods.made);
    if (pods.refused > 0) this.#creations.add([reason, 'failed'], pods.refused);
  }

  /** These failures are counted now, or ignored. */
  judged(job: Job, failed: readonly Pod[]): void {
    for (const pod of failed) {
      const { action } = meaningOfFailure(job, pod);
      if (action) this.#ruled.add([action]);
    }
  }

  podChanged(before: Pod | undefined, now: Pod | undefined): void {
    const [was, is] = [before, now].map((pod) => pod && isPodFinished(pod) && isTracked(pod));
    if (is && !was) this.#finalizers.add(['add']);
    if (was && !is) this.#finalizers.add(['delete']);
  }

  handedOver(to: string): void {
    this.#handedOver.add([to]);
  }
}

const modeOf = ({ spec }: Job): string => spec.completionMode ?? 'NonIndexed';
