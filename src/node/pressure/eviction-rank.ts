// Which pod goes first when a node runs out of something: who uses more than it asked for, then who matters least, then who
// is furthest above what it asked for.
import { isCriticalPod } from '../../api/critical-pod.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { amountsOf, podRequests } from '../../api/pod-resources.ts';
import { formatKibibytes } from '../../api/quantity.ts';
import type { Signal } from './signals.ts';
import type { Threshold } from './thresholds.ts';

export interface Usage {
  memoryBytes: number;
  diskBytes: number;
  inodes: number;
  processes: number;
}

export interface PodUsage {
  pod: Pod;
  whole: Usage;
  containers: ReadonlyMap<string, Usage>;
}

interface Measure {
  /** As the message names it. */
  resource: string;
  used(usage: Usage): number;
  /** Its name in requests; what cannot be asked for is not held against anybody. */
  request?: 'memory' | 'ephemeral-storage';
}

const memory: Measure = { resource: 'memory', used: ({ memoryBytes }) => memoryBytes, request: 'memory' };
const disk: Measure = {
  resource: 'ephemeral-storage',
  used: ({ diskBytes }) => diskBytes,
  request: 'ephemeral-storage',
};
const inodes: Measure = { resource: 'inodes', used: (usage) => usage.inodes };
const processes: Measure = { resource: 'pids', used: (usage) => usage.processes };

export function measureOf(signal: Signal): Measure {
  if (signal === 'memory.available') return memory;
  if (signal === 'pid.available') return processes;
  return signal.endsWith('.inodesFree') ? inodes : disk;
}

/** The pods that may be evicted, the first to go first. */
export function rankForEviction(signal: Signal, usages: readonly PodUsage[]): PodUsage[] {
  const { used, request } = measureOf(signal);
  const ranked = usages
    .filter(({ pod }) => !isCriticalPod(pod))
    .map((usage) => {
      const over = used(usage.whole) - (request ? (podRequests(usage.pod.spec)[request] ?? 0) : 0);
      return { usage, over, exceeds: request !== undefined && over > 0, priority: usage.pod.spec.priority ?? 0 };
    });
  return ranked
    .sort(
      (one, other) =>
        Number(other.exceeds) - Number(one.exceeds) || one.priority - other.priority || other.over - one.over,
    )
    .map(({ usage }) => usage);
}

export function evictionMessage({ signal, text }: Threshold, available: number, { pod, containers }: PodUsage): string {
  const { resource, used, request } = measureOf(signal);
  const amount = (value: number) =>
    resource === 'memory' || resource === 'ephemeral-storage' ? formatKibibytes(value) : String(value);
  const sentences = [
    `The node was low on resource: ${resource}. Threshold quantity: ${text}, available: ${amount(available)}. `,
  ];
  for (const container of pod.spec.containers) {
    const usage = containers.get(container.name);
    if (!usage || !request) continue;
    const asked = amountsOf(container.resources?.requests)[request] ?? 0;
    if (used(usage) <= asked) continue;
    sentences.push(
      `Container ${container.name} was using ${amount(used(usage))}, request is ${container.resources?.requests?.[request] ?? 0}, has larger consumption of ${resource}. `,
    );
  }
  return sentences.join('');
}
