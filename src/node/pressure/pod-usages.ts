// What each pod uses of what a node may run out of. Looked up only when a pod has to go, or has limits to keep to.
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { type Disks, emptyDirsInMemory, type VolumeUsage } from '../stats/disks.ts';
import type { Observer, PodObservation } from '../stats/observation.ts';
import type { PodUsage, Usage } from './eviction-rank.ts';
import type { LocalStorageUsage } from './local-storage.ts';
import { pressureOf } from './pressure.ts';
import type { Signal } from './signals.ts';

type Walk = Pick<Disks, 'container' | 'volumes'>;

export interface PodUsagesOptions {
  observer: Observer;
  disks: Walk;
  containers: { of(podUid: string): ObservedContainer[] };
}

interface DiskUsage {
  diskBytes: number;
  inodes: number;
}

/** In place of the disks where nobody asks about them: to walk them takes minutes where there are many files. */
const notWalked: Walk = {
  container: async () => ({ rootfs: undefined, logs: undefined }),
  volumes: async () => [],
};

export class PodUsages {
  readonly #options: PodUsagesOptions;

  constructor(options: PodUsagesOptions) {
    this.#options = options;
  }

  /** As far as the signal is about it. A pod whose disk cannot be measured is told of without. */
  async all(signal: Signal): Promise<PodUsage[]> {
    const disks = pressureOf(signal) === 'DiskPressure' ? this.#options.disks : notWalked;
    const { pods } = await this.#options.observer.observe();
    const of = (pod: PodObservation) => usageOf(pod, disks).catch(() => usageOf(pod, notWalked));
    return Promise.all(pods.map(of));
  }

  async storageOf(pod: Pod): Promise<LocalStorageUsage> {
    const { containers, disks } = this.#options;
    const volumes = await volumesOnDisk(pod, disks);
    const containerBytes = new Map<string, number>();
    for (const container of containers.of(pod.metadata.uid ?? ''))
      if (container.state === 'running')
        containerBytes.set(container.name, (await containerDisk(container, disks)).diskBytes);
    return { volumeBytes: new Map(volumes.map(({ name, used }) => [name, used.usedBytes])), containerBytes };
  }
}

async function usageOf({ pod, containers, usage }: PodObservation, disks: Walk): Promise<PodUsage> {
  const byName = new Map<string, Usage>();
  for (const { container, usage: own } of containers) {
    const disk = await containerDisk(container, disks);
    byName.set(container.name, { ...disk, memoryBytes: own.workingSetBytes, processes: own.processes });
  }
  const volumes = await volumesOnDisk(pod, disks);
  const whole: Usage = {
    memoryBytes: usage?.workingSetBytes ?? 0,
    processes: usage?.processes ?? 0,
    diskBytes: 0,
    inodes: 0,
  };
  for (const { used } of volumes) {
    whole.diskBytes += used.usedBytes;
    whole.inodes += used.inodesUsed;
  }
  for (const { diskBytes, inodes } of byName.values()) {
    whole.diskBytes += diskBytes;
    whole.inodes += inodes;
  }
  return { pod, whole, containers: byName };
}

/** What is in memory is counted there, and takes no disk. */
async function volumesOnDisk(pod: Pod, disks: Walk): Promise<VolumeUsage[]> {
  const inMemory = emptyDirsInMemory(pod);
  return (await disks.volumes(pod)).filter(({ name }) => !inMemory.has(name));
}

async function containerDisk(container: ObservedContainer, disks: Walk): Promise<DiskUsage> {
  const { rootfs, logs } = await disks.container(container);
  return {
    diskBytes: (rootfs?.used.usedBytes ?? 0) + (logs?.used.usedBytes ?? 0),
    inodes: (rootfs?.used.inodesUsed ?? 0) + (logs?.used.inodesUsed ?? 0),
  };
}
