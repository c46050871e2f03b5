// What the agent tells of its own work: how long the rounds of its pods take, and what the container engine is asked.
import { Metrics } from '../base/metrics.ts';
import { tellOfProcess } from '../base/process-metrics.ts';

const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A number now, or one for each value of a label. */
export interface NodeCounts {
  podsByPhase(): ReadonlyMap<string, number>;
  runningPods(): number;
  containersByState(): ReadonlyMap<string, number>;
}

export class NodeMetrics {
  readonly #metrics = new Metrics();
  readonly #rounds = this.#metrics.histogram(
    'kubelet_pod_worker_duration_seconds',
    'What a pod needed from a change to the end of the steps that it made necessary.',
    [],
    secondsBuckets,
  );
  readonly #asked = this.#metrics.counter(
    'kubelet_runtime_operations_total',
    'What the container engine was asked for.',
    ['operation_type'],
  );
  readonly #answered = this.#metrics.histogram(
    'kubelet_runtime_operations_duration_seconds',
    'How long the container engine took to answer.',
    ['operation_type'],
    secondsBuckets,
  );
  readonly #failed = this.#metrics.counter(
    'kubelet_runtime_operations_errors_total',
    'What the container engine could not do.',
    ['operation_type'],
  );

  constructor(nodeName: string) {
    this.#metrics.gauge('kubelet_node_name', 'The name of the node.', () => new Map([[nodeName, 1]]), 'node');
    tellOfProcess(this.#metrics);
  }

  countOf({ podsByPhase, runningPods, containersByState }: NodeCounts): void {
    const metrics = this.#metrics;
    metrics.gauge('wherry_pods', 'Pods of this node by their phase.', podsByPhase, 'phase');
    metrics.gauge('kubelet_running_pods', 'Pods that have a running sandbox.', runningPods);
    const states = 'Containers of pods by their state.';
    metrics.gauge('kubelet_running_containers', states, containersByState, 'container_state');
  }

  podSynced(seconds: number): void {
    this.#rounds.observe([], seconds);
  }

  /** The same runtime, with every call that it answers counted and timed. */
  measured<T extends object>(runtime: T): T {
    return new Proxy(runtime, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => this.#measure(String(name), () => Reflect.apply(value, target, args));
      },
    });
  }

  #measure(operation: string, run: () => unknown): unknown {
    const begun = performance.now();
    this.#asked.add([operation]);
    const answer = run();
    if (!(answer instanceof Promise)) return answer;
    const end = () => this.#answered.observe([operation], (performance.now() - begun) / 1000);
    answer.then(end, () => {
      end();
      this.#failed.add([operation]);
    });
    return answer;
  }

  text(): string {
    return this.#metrics.text();
  }
}
