// What the scheduler tells of itself, under the names that Kubernetes gives it.
import type { Metrics } from '../base/metrics.ts';
import type { QueueCounts } from './queue/scheduling-queue.ts';

export interface SchedulerMetricSources {
  queue(): QueueCounts;
  /** How many pods wait at the gates that they state. */
  gated(): number;
  /** How many waiting pods each filter refused. */
  refused(): ReadonlyMap<string, number>;
}

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

const profile = 'default-scheduler';
const secondsBuckets = Array.from({ length: 15 }, (_, index) => 0.0001 * 2 ** index);
const waitBuckets = Array.from({ length: 16 }, (_, index) => 0.01 * 2 ** index);
const countBuckets = [1, 2, 4, 8, 16];
const victimBuckets = [1, 2, 4, 8, 16, 32, 64];
/** More tries than these are told as one. */
const mostTold = 15;

export class SchedulerMetrics {
  readonly #attempts;
  readonly #attemptSeconds;
  readonly #waitSeconds;
  readonly #tries;
  readonly #preemptions;
  readonly #victims;

  constructor(metrics: Metrics, sources: SchedulerMetricSources) {
    metrics.gauge(
      'scheduler_pending_pods',
      'Pods that wait for a node, by where they wait.',
      () => new Map([...Object.entries(sources.queue()), ['gated', sources.gated()]]),
      'queue',
    );
    metrics.gauge(
      'scheduler_unschedulable_pods',
      'Pods that fitted nowhere, by what refused them.',
      () => sources.refused(),
      'plugin',
    );
    const labels = ['result', 'profile'];
    this.#attempts = metrics.counter('scheduler_schedule_attempts_total', 'Tries to give a pod a node.', labels);
    this.#attemptSeconds = metrics.histogram(
      'scheduler_scheduling_attempt_duration_seconds',
      'How long a try took; where a node was found, until the pod was bound.',
      labels,
      secondsBuckets,
    );
    this.#waitSeconds = metrics.histogram(
      'scheduler_pod_scheduling_sli_duration_seconds',
      'From the moment at which a pod could be tried to its binding.',
      ['attempts'],
      waitBuckets,
    );
    this.#tries = metrics.histogram(
      'scheduler_pod_scheduling_attempts',
      'Tries until a pod was bound.',
      [],
      countBuckets,
    );
    this.#preemptions = metrics.counter(
      'scheduler_preemption_attempts_total',
      'Pods for which others had to go, or for which it was looked whether others could.',
    );
    this.#victims = metrics.histogram(
      'scheduler_preemption_victims',
      'Pods that had to go for one.',
      [],
      victimBuckets,
    );
  }

  tried(result: AttemptResult, ms: number): void {
    this.#attempts.add([result, profile]);
    this.#attemptSeconds.observe([result, profile], ms / 1000);
  }

  bound(tries: number, waitedMs: number): void {
    this.#tries.observe([], tries);
    this.#waitSeconds.observe([tries < mostTold ? String(tries) : `${mostTold}+`], waitedMs / 1000);
  }

  preempted(victims: number): void {
    this.#preemptions.add([]);
    if (victims > 0) this.#victims.observe([], victims);
  }
}
