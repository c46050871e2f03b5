// /metrics/resource: what the metrics server reads, and `kubectl top` and autoscalers go by.
import type { GroupUsage } from './control-group.ts';
import { Exposition, seconds } from './exposition.ts';
import type { Observation } from './observation.ts';

export function resourceMetrics(observation: Observation): string {
  const { atMs, host, pods } = observation;
  const out = new Exposition(atMs);
  const ofContainers = (read: (usage: GroupUsage) => number | undefined) =>
    pods.flatMap(({ pod: { metadata }, containers }) =>
      containers.map(({ container, usage }) => ({
        labels: { container: container.name, namespace: metadata.namespace ?? '', pod: metadata.name },
        value: read(usage),
      })),
    );
  const ofPods = (read: (usage: GroupUsage) => number) =>
    pods.map(({ pod: { metadata }, usage }) => ({
      labels: { namespace: metadata.namespace ?? '', pod: metadata.name },
      value: usage && read(usage),
    }));
  const ofNode = (value: number) => [{ labels: {}, value }];

  out.family(
    'container_cpu_usage_seconds_total',
    'counter',
    '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
    ofContainers(({ cpuNanos }) => seconds(cpuNanos)),
  );
  out.family(
    'container_memory_working_set_bytes',
    'gauge',
    '[STABLE] Current working set of the container in bytes',
    ofContainers(({ workingSetBytes }) => workingSetBytes),
  );
  const starts = pods.flatMap(({ pod: { metadata }, containers }) =>
    containers.map(({ container }) => ({
      labels: { container: container.name, namespace: metadata.namespace ?? '', pod: metadata.name },
      value: container.startedAt && container.startedAt / 1000,
    })),
  );
  out.family(
    'container_start_time_seconds',
    'gauge',
    '[STABLE] Start time of the container since unix epoch in seconds',
    starts,
    { timed: false },
  );
  out.family(
    'container_swap_usage_bytes',
    'gauge',
    '[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems',
    ofContainers(({ swapBytes }) => swapBytes),
  );
  out.family(
    'node_cpu_usage_seconds_total',
    'counter',
    '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
    ofNode(seconds(host.cpuNanos)),
  );
  out.family(
    'node_memory_working_set_bytes',
    'gauge',
    '[STABLE] Current working set of the node in bytes',
    ofNode(host.workingSetBytes),
  );
  out.family(
    'node_swap_usage_bytes',
    'gauge',
    '[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems',
    ofNode(host.swapBytes),
  );
  out.family(
    'pod_cpu_usage_seconds_total',
    'counter',
    '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
    ofPods(({ cpuNanos }) => seconds(cpuNanos)),
  );
  out.family(
    'pod_memory_working_set_bytes',
    'gauge',
    '[STABLE] Current working set of the pod in bytes',
    ofPods(({ workingSetBytes }) => workingSetBytes),
  );
  out.family(
    'pod_swap_usage_bytes',
    'gauge',
    '[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems',
    ofPods(({ swapBytes }) => swapBytes),
  );
  const untimed = { timed: false };
  const noError = [{ labels: {}, value: 0 }];
  const scrape = '1 if there was an error while getting container metrics, 0 otherwise';
  out.family('resource_scrape_error', 'gauge', `[STABLE] ${scrape}`, noError, untimed);
  return out.text();
}
