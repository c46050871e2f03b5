// What each pod uses of what a node may run out of. Looked up only when a pod has to go, or has limits to keep to.
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { type Disks, emptyDirsInMemory, type VolumeUsage } from '../stats/disks.ts';
import type { Observer, PodObservation } from '../stats/observation.ts';
import type { PodUsage, Usage } from './eviction-rank.ts';
import type { LocalStorageUsage } from './local-storage.ts';

export interface PodUsagesOptions {
  observer: Observer;
  disks: Disks;
  containers: { of(podUid: string): ObservedContainer[] };
}

interface DiskUsage {
  diskBytes: number;
  inodes: number;
}

export class PodUsages {
  readonly #options: PodUsagesOptions;

  constructor(options: PodUsagesOptions) {
    this.#options = options;
  }

  async all(): Promise<PodUsage[]> {
    const { pods } = await this.#options.observer.observe();
    return Promise.all(pods.map((observation) => this.#of(observation)));
  }

  async storageOf(pod: Pod): Promise<LocalStorageUsage> {
    const { containers } = this.#options;
    const volumes = await this.#volumesOnDisk(pod);
    const containerBytes = new Map<string, number>();
    for (const container of containers.of(pod.metadata.uid ?? ''))
      if (container.state === 'running')
        containerBytes.set(container.name, (await this.#containerDisk(container)).diskBytes);
    return { volumeBytes: new Map(volumes.map(({ name, used }) => [name, used.usedBytes])), containerBytes };
  }

  async #of({ pod, containers, usage }: PodObservation): Promise<PodUsage> {
    const byName = new Map<string, Usage>();
    for (const { container, usage: own } of containers) {
      const disk = await this.#containerDisk(container);
      byName.set(container.name, { ...disk, memoryBytes: own.workingSetBytes, processes: own.processes });
    }
    const volumes = await this.#volumesOnDisk(pod);
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
  async #volumesOnDisk(pod: Pod): Promise<VolumeUsage[]> {
    const inMemory = emptyDirsInMemory(pod);
    return (await this.#options.disks.volumes(pod)).filter(({ name }) => !inMemory.has(name));
  }

  async #containerDisk(container: ObservedContainer): Promise<DiskUsage> {
    const { rootfs, logs } = await this.#options.disks.container(container);
    return {
      diskBytes: (rootfs?.used.usedBytes ?? 0) + (logs?.used.usedBytes ?? 0),
      inodes: (rootfs?.used.inodesUsed ?? 0) + (logs?.used.inodesUsed ?? 0),
    };
  }
}
