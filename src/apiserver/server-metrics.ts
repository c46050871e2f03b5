// What the server tells of itself at /metrics: requests, objects, the store, and its own process.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Metrics } from '../base/metrics.ts';
import { tellOfProcess } from '../base/process-metrics.ts';
import type { StoreStats } from '../store/store.ts';
import type { InFlight } from './http/in-flight.ts';

/** What a request was for, as its series is labelled. */
export interface RequestLabels {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
}

export interface MetricSources {
  inFlight: InFlight;
  /** How many objects there are of each resource. */
  objectCounts: () => ReadonlyMap<string, number>;
  store: () => StoreStats;
  /** How many nodes are reached through tunnels. */
  tunnels: () => number;
  loops: Metrics;
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const nanosPerSecond = 1e9;
/** Coarse, as an idle server shall sleep. */
const lagResolutionMs = 200;

export class ServerMetrics {
  readonly #metrics = new Metrics();
  readonly #requests = this.#metrics.counter('apiserver_request_total', 'Requests that were answered.', [
    'verb',
    'group',
    'version',
    'resource',
    'subresource',
    'code',
  ]);
  readonly #seconds = this.#metrics.histogram(
    'apiserver_request_duration_seconds',
    'From the arrival of a request to the end of its answer; watches are left out.',
    ['verb', 'group', 'version', 'resource', 'subresource'],
    secondsBuckets,
  );

  readonly #loops: Metrics;

  constructor(sources: MetricSources) {
    this.#loops = sources.loops;
    this.#tellOfRequests(sources);
    this.#tellOfStore(sources);
    this.#metrics.gauge('wherry_tunnels', 'Nodes that are reached through tunnels of theirs.', sources.tunnels);
    this.#tellOfProcess();
  }

  answered({ verb, group, version, resource, subresource }: RequestLabels, code: number, seconds: number): void {
    this.#requests.add([verb, group, version, resource, subresource, String(code)]);
    if (verb !== 'watch') this.#seconds.observe([verb, group, version, resource, subresource], seconds);
  }

  text(): string {
    return this.#metrics.text() + this.#loops.text();
  }

  #tellOfRequests({ inFlight, objectCounts }: MetricSources): void {
    this.#metrics.gauge(
      'apiserver_current_inflight_requests',
      'Requests that are being worked on.',
      () =>
        new Map([
          ['readOnly', inFlight.running.reading],
          ['mutating', inFlight.running.writing],
        ]),
      'request_kind',
    );
    this.#metrics.gauge('apiserver_longrunning_requests', 'Watches that are open.', () => inFlight.running.watching);
    this.#metrics.gauge('apiserver_storage_objects', 'Objects that are kept.', objectCounts, 'resource');
  }

  #tellOfStore({ store }: MetricSources): void {
    const metrics = this.#metrics;
    metrics.gauge('wherry_store_revision', 'The newest revision that is durable.', () => store().revision);
    metrics.gauge('wherry_store_queue_length', 'Transactions that wait to be committed.', () => store().queueLength);
    metrics.gauge('wherry_store_file_bytes', 'What the state takes on disk.', () => store().fileBytes);
    metrics.total('wherry_store_transactions_total', 'Transactions that were committed.', () => store().transactions);
    metrics.total(
      'wherry_store_failures_total',
      'Transactions that could not be made durable.',
      () => store().failures,
    );
  }

  #tellOfProcess(): void {
    const metrics = this.#metrics;
    const lag = monitorEventLoopDelay({ resolution: lagResolutionMs });
    lag.enable();
    const lagSeconds = (nanos: number) => Math.max(0, nanos / nanosPerSecond - lagResolutionMs / 1000);
    tellOfProcess(metrics);
    metrics.gauge(
      'nodejs_eventloop_lag_seconds',
      'How late the event loop came since the last time this was read.',
      () => {
        const now = new Map([
          ['mean', lagSeconds(lag.mean)],
          ['p99', lagSeconds(lag.percentile(99))],
          ['max', lagSeconds(lag.max)],
        ]);
        lag.reset();
        return now;
      },
      'quantile',
    );
  }
}
