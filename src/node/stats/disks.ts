// What the node's disks have room for, and what of it containers, their logs and their volumes take.
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Clock } from '../../base/clock.ts';
import type { ObservedContainer } from '../runtime.ts';
import { type DiskRoom, type FolderUsage, FolderUsages, readRoom } from './disk-usage.ts';

export interface PlacedUsage {
  room: DiskRoom;
  used: FolderUsage;
}

export interface VolumeUsage extends PlacedUsage {
  name: string;
}

export interface ContainerDisk {
  rootfs: PlacedUsage | undefined;
  logs: PlacedUsage | undefined;
}

/** Volumes that lie on the node itself: a look at another's disk may hang. */
const ownVolumes = ['empty-dir', 'projected', 'configmap', 'secret', 'downward-api'];

/** The names of its emptyDir volumes that take memory, and no disk. */
export function emptyDirsInMemory({ spec }: Pod): Set<string> {
  return new Set((spec.volumes ?? []).flatMap(({ name, emptyDir }) => (emptyDir?.medium === 'Memory' ? [name] : [])));
}

export class Disks {
  readonly #dataDir: string;
  readonly #usages: FolderUsages;

  constructor(options: { dataDir: string; clock: Clock }) {
    this.#dataDir = options.dataDir;
    this.#usages = new FolderUsages(options.clock);
  }

  /** Of the disk on which pods have their volumes. */
  node(): Promise<DiskRoom | undefined> {
    return readRoom(this.#dataDir);
  }

  /** Of the disk on which a container engine keeps containers and images: where one of its containers says that it is. */
  async engine(containers: readonly ObservedContainer[]): Promise<DiskRoom | undefined> {
    const folder = containers.find(({ logPath }) => logPath !== '')?.logPath;
    return folder === undefined ? undefined : readRoom(dirname(folder));
  }

  async container({ layerFolder, logPath }: ObservedContainer): Promise<ContainerDisk> {
    const [rootfs, logs] = await Promise.all([
      layerFolder === '' ? undefined : this.#placed(layerFolder, () => this.#usages.of(layerFolder)),
      logPath === '' ? undefined : this.#placed(dirname(logPath), () => logUsage(logPath)),
    ]);
    return { rootfs, logs };
  }

  /** Those that are the pod's own on a disk of this node, or its emptyDir volumes in memory. */
  volumes({ metadata: { uid = '' } }: Pod): Promise<VolumeUsage[]> {
    return this.#volumesIn(join(this.#dataDir, 'pods', uid, 'volumes'));
  }

  /** Those that show what is secret, or of this moment. */
  volumesInMemory({ metadata: { uid = '' } }: Pod): Promise<VolumeUsage[]> {
    return this.#volumesIn(join(this.#dataDir, 'secrets', uid));
  }

  async #volumesIn(top: string): Promise<VolumeUsage[]> {
    const kinds = (await namesIn(top)).filter((kind) => ownVolumes.some((own) => kind === `kubernetes.io~${own}`));
    const found = kinds.map(async (kind) => {
      const names = await namesIn(join(top, kind));
      return Promise.all(
        names.map(async (name) => {
          const folder = join(top, kind, name);
          const placed = await this.#placed(folder, () => this.#usages.of(folder));
          return placed && { name, ...placed };
        }),
      );
    });
    return (await Promise.all(found)).flat().filter((volume) => volume !== undefined);
  }

  async #placed(path: string, usage: () => Promise<FolderUsage>): Promise<PlacedUsage | undefined> {
    const room = await readRoom(path);
    return room && { room, used: await usage() };
  }
}

/** The log and those that were put aside, which lie beside it under its name and a number. */
async function logUsage(logPath: string): Promise<FolderUsage> {
  const folder = dirname(logPath);
  const names = (await namesIn(folder)).filter((name) => join(folder, name).startsWith(logPath));
  const stats = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  const usedBytes = stats.reduce((total, found) => total + (found?.size ?? 0), 0);
  return { usedBytes, inodesUsed: names.length };
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
