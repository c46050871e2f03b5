// What the queues of a process tell of themselves, in the series that Kubernetes' own loops have, by the queue's name.
import type { Clock } from '../base/clock.ts';
import type { Counter, Histogram, Metrics } from '../base/metrics.ts';

/** What of a queue is read when somebody asks. */
export interface QueueState {
  depth: number;
  /** When each key that is being worked on was begun, by the clock's even milliseconds. */
  begunAtMs: Iterable<number>;
}

const buckets = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

export class WorkQueueMetrics {
  readonly #clock: Clock;
  readonly #states = new Map<string, () => QueueState>();
  readonly #adds: Counter;
  readonly #retries: Counter;
  readonly #waits: Histogram;
  readonly #works: Histogram;

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    const label = ['name'];
    this.#adds = metrics.counter('workqueue_adds_total', 'Keys that were added.', label);
    this.#retries = metrics.counter('workqueue_retries_total', 'Keys whose work failed and is tried again.', label);
    this.#waits = metrics.histogram('workqueue_queue_duration_seconds', 'How long keys waited.', label, buckets);
    this.#works = metrics.histogram('workqueue_work_duration_seconds', 'How long keys were worked on.', label, buckets);
    const gauge = (name: string, help: string, of: (state: QueueState) => number) =>
      metrics.gauge(name, help, () => new Map([...this.#states].map(([queue, read]) => [queue, of(read())])), 'name');
    gauge('workqueue_depth', 'Keys that wait.', ({ depth }) => depth);
    gauge('workqueue_unfinished_work_seconds', 'How long all that is being worked on has taken so far.', (state) =>
      this.#secondsOf(state).reduce((sum, each) => sum + each, 0),
    );
    gauge('workqueue_longest_running_processor_seconds', 'How long the oldest of it has taken so far.', (state) =>
      Math.max(0, ...this.#secondsOf(state)),
    );
  }

  observe(name: string, state: () => QueueState): void {
    this.#states.set(name, state);
  }

  added(name: string): void {
    this.#adds.add([name]);
  }

  begun(name: string, waitedMs: number): void {
    this.#waits.observe([name], waitedMs / 1000);
  }

  ended(name: string, workedMs: number): void {
    this.#works.observe([name], workedMs / 1000);
  }

  retried(name: string): void {
    this.#retries.add([name]);
  }

  #secondsOf({ begunAtMs }: QueueState): number[] {
    const now = this.#clock.monotonicMs();
    return [...begunAtMs].map((begun) => (now - begun) / 1000);
  }
}
