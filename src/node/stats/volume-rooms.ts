// How much room there is on volumes that are not the pod's own: those behind claims and those of file servers. A server that is
// away lets hang whoever looks. Holds: another program looks, nobody waits long for it, and what hung is looked at ever more rarely.
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { execute } from '../../base/exec.ts';
import { ShortMemory } from '../../base/short-memory.ts';
import type { DiskRoom } from './disk-usage.ts';

/** A volume of a pod by its name in the manifest, and the claim that leads to it. */
export interface MeasuredVolume {
  name: string;
  folder: string;
  claim?: { namespace: string; name: string };
}

export interface VolumeRoom extends MeasuredVolume {
  room: DiskRoom;
}

/** What a look at a folder has found, and how long that stands. */
interface Finding {
  room: DiskRoom | undefined;
  holdsMs: number;
}

export interface VolumeRoomsOptions {
  clock: Clock;
  look?(folder: string): Promise<DiskRoom>;
}

const foundHoldsMs = 60_000;
const failure = { firstMs: foundHoldsMs, ceilingMs: 3_600_000 };
const mostEntries = 1000;
const lookTimeoutMs = 5_000;
/** Who asks is told nothing of a volume that takes longer. */
const longestWaitMs = 1_000;

export class VolumeRooms {
  readonly #clock: Clock;
  readonly #look: (folder: string) => Promise<DiskRoom>;
  readonly #findings: ShortMemory<Finding>;
  readonly #backoff = new Backoff(failure);

  constructor({ clock, look = lookByProgram }: VolumeRoomsOptions) {
    this.#clock = clock;
    this.#look = look;
    this.#findings = new ShortMemory({ clock, mostEntries, holdsMs: (finding) => finding.holdsMs });
  }

  /** Those of which something is known. */
  async of(volumes: readonly MeasuredVolume[]): Promise<VolumeRoom[]> {
    const patience = new AbortController();
    const isLate = this.#clock.sleep(longestWaitMs, patience.signal).then(
      () => undefined,
      () => undefined,
    );
    const looks = volumes.map(async (volume) => {
      const finding = await Promise.race([this.#findings.get(volume.folder, () => this.#find(volume.folder)), isLate]);
      return finding?.room ? [{ ...volume, room: finding.room }] : [];
    });
    return (await Promise.all(looks).finally(() => patience.abort())).flat();
  }

  async #find(folder: string): Promise<Finding> {
    try {
      const room = await this.#look(folder);
      this.#backoff.forget(folder);
      return { room, holdsMs: foundHoldsMs };
    } catch {
      return { room: undefined, holdsMs: this.#backoff.nextMs(folder) };
    }
  }
}

async function lookByProgram(folder: string): Promise<DiskRoom> {
  const args = ['--file-system', '--format', '%S %b %f %a %c %d', '--', folder];
  const told = (await execute('stat', args, { timeoutMs: lookTimeoutMs })).trim().split(' ').map(Number);
  const [blockBytes = 0, blocks = 0, free = 0, available = 0, inodes = 0, inodesFree = 0] = told;
  return {
    capacityBytes: blocks * blockBytes,
    availableBytes: available * blockBytes,
    usedBytes: (blocks - free) * blockBytes,
    inodes,
    inodesFree,
  };
}
