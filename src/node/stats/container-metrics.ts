// /metrics/cadvisor: the series that dashboards of containers are made of.
import type { GroupUsage } from './control-group.ts';
import { Exposition, type Labels, seconds } from './exposition.ts';
import type { InterfaceUsage } from './network-usage.ts';
import type { Observation, PodObservation } from './observation.ts';

type Read = (usage: GroupUsage) => number | undefined;

/** Of a container whose processor time is limited. */
const limited =
  (read: (usage: GroupUsage) => number): Read =>
  (usage) =>
    usage.periods > 0 ? read(usage) : undefined;

const families: readonly ['counter' | 'gauge', string, string, Read, Labels?][] = [
  [
    'counter',
    'container_cpu_usage_seconds_total',
    'Cumulative cpu time consumed in seconds.',
    ({ cpuNanos }) => seconds(cpuNanos),
    { cpu: 'total' },
  ],
  [
    'counter',
    'container_cpu_user_seconds_total',
    'Cumulative user cpu time consumed in seconds.',
    ({ cpuUserNanos }) => seconds(cpuUserNanos),
  ],
  [
    'counter',
    'container_cpu_system_seconds_total',
    'Cumulative system cpu time consumed in seconds.',
    ({ cpuSystemNanos }) => seconds(cpuSystemNanos),
  ],
  [
    'counter',
    'container_cpu_cfs_periods_total',
    'Number of elapsed enforcement period intervals.',
    limited(({ periods }) => periods),
  ],
  [
    'counter',
    'container_cpu_cfs_throttled_periods_total',
    'Number of throttled period intervals.',
    limited(({ throttledPeriods }) => throttledPeriods),
  ],
  [
    'counter',
    'container_cpu_cfs_throttled_seconds_total',
    'Total time duration the container has been throttled.',
    limited(({ throttledNanos }) => seconds(throttledNanos)),
  ],
  [
    'gauge',
    'container_memory_usage_bytes',
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
    ({ memoryBytes }) => memoryBytes,
  ],
  [
    'gauge',
    'container_memory_working_set_bytes',
    'Current working set in bytes.',
    ({ workingSetBytes }) => workingSetBytes,
  ],
  ['gauge', 'container_memory_rss', 'Size of RSS in bytes.', ({ rssBytes }) => rssBytes],
  ['gauge', 'container_memory_cache', 'Number of bytes of page cache memory.', ({ cacheBytes }) => cacheBytes],
  ['gauge', 'container_memory_swap', 'Container swap usage in bytes.', ({ swapBytes }) => swapBytes],
  [
    'gauge',
    'container_spec_memory_limit_bytes',
    'Memory limit for the container.',
    ({ memoryLimitBytes }) => memoryLimitBytes ?? 0,
  ],
  ['gauge', 'container_processes', 'Number of processes running inside the container.', ({ processes }) => processes],
];

const ofInterfaces: readonly [string, string, Exclude<keyof InterfaceUsage, 'name'>][] = [
  ['receive_bytes', 'bytes received', 'rxBytes'],
  ['receive_packets', 'packets received', 'rxPackets'],
  ['receive_errors', 'errors encountered while receiving', 'rxErrors'],
  ['receive_packets_dropped', 'packets dropped while receiving', 'rxDropped'],
  ['transmit_bytes', 'bytes transmitted', 'txBytes'],
  ['transmit_packets', 'packets transmitted', 'txPackets'],
  ['transmit_errors', 'errors encountered while transmitting', 'txErrors'],
  ['transmit_packets_dropped', 'packets dropped while transmitting', 'txDropped'],
];

export function containerMetrics({ atMs, host, pods }: Observation, machine: { cores: number }): string {
  const out = new Exposition(atMs);
  const groups = pods.flatMap(labelledGroups);
  for (const [type, name, help, read, more] of families) {
    const series = groups.map(({ labels, usage }) => ({ labels: { ...labels, ...more }, value: read(usage) }));
    out.family(name, type, help, series);
  }
  const starts = groups.map(({ labels, startedAt }) => ({ labels, value: startedAt && startedAt / 1000 }));
  out.family(
    'container_start_time_seconds',
    'gauge',
    'Start time of the container since unix epoch in seconds.',
    starts,
  );
  const seen = groups.map(({ labels }) => ({ labels, value: Math.floor(atMs / 1000) }));
  out.family('container_last_seen', 'gauge', 'Last time a container was seen by the exporter', seen);
  for (const [what, words, field] of ofInterfaces) {
    const series = pods.flatMap((found) =>
      found.interfaces.map((link) => ({
        labels: { ...sandboxLabels(found), interface: link.name },
        value: link[field],
      })),
    );
    out.family(`container_network_${what}_total`, 'counter', `Cumulative count of ${words}`, series);
  }
  const ofMachine = (value: number) => [{ labels: {}, value }];
  out.family('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.', ofMachine(machine.cores));
  out.family(
    'machine_memory_bytes',
    'gauge',
    'Amount of memory installed on the machine.',
    ofMachine(host.memoryTotalBytes),
  );
  return out.text();
}

/** The pod as a whole bears no container's name. */
function labelledGroups(found: PodObservation): { labels: Labels; usage: GroupUsage; startedAt: number | undefined }[] {
  const { pod, containers, pause, usage } = found;
  const { uid = '', namespace = '', name: podName } = pod.metadata;
  const specs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const ofPod = { container: '', id: `/kubepods/pod${uid}`, image: '', name: '', namespace, pod: podName };
  return [
    ...(usage ? [{ labels: ofPod, usage, startedAt: pause?.container.startedAt }] : []),
    ...containers.map(({ container, usage: own }) => {
      const { id, name, startedAt } = container;
      const image = specs.find((spec) => spec.name === name)?.image ?? '';
      const labels = { container: name, id: `/kubepods/pod${uid}/${id}`, image, name: id, namespace, pod: podName };
      return { labels, usage: own, startedAt };
    }),
  ];
}

function sandboxLabels({ pod, pause }: PodObservation): Labels {
  const { uid = '', namespace = '', name } = pod.metadata;
  const id = pause?.container.id ?? '';
  return { container: '', id: `/kubepods/pod${uid}/${id}`, image: '', name: id, namespace, pod: name };
}
