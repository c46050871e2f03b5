// The ports of this host that lead to pods. Each pod's are a file named for its uid, so that an agent that starts anew knows
// them before it has looked at any pod.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { removeParts, writeFileWhole } from '../../base/files.ts';

export interface HostPort {
  protocol: 'tcp' | 'udp';
  /** Empty for all addresses of the host. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
}

export interface PodPorts {
  address: string;
  ports: readonly HostPort[];
}

export class HostPorts {
  readonly #folder: string;
  readonly #ofPods = new Map<string, PodPorts>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads what was kept; what cannot be read is as good as gone, its pod will say it again. */
  static async load(folder: string): Promise<HostPorts> {
    const hostPorts = new HostPorts(folder);
    await mkdir(folder, { recursive: true });
    await removeParts(folder);
    for (const podUid of await readdir(folder)) {
      const kept = await readFile(join(folder, podUid), 'utf8').then(parsePodPorts);
      if (kept) hostPorts.#ofPods.set(podUid, kept);
      else await rm(join(folder, podUid), { force: true });
    }
    return hostPorts;
  }

  /** The pods that have any, in the order of their uids: the same ones always make the same rules. */
  all(): [string, PodPorts][] {
    return [...this.#ofPods].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  async open(podUid: string, wanted: PodPorts): Promise<void> {
    if (isDeepStrictEqual(this.#ofPods.get(podUid), wanted)) return;
    await writeFileWhole(join(this.#folder, podUid), JSON.stringify(wanted));
    this.#ofPods.set(podUid, wanted);
  }

  /** Answers whether anything has changed. */
  async close(podUid: string): Promise<boolean> {
    if (!this.#ofPods.delete(podUid)) return false;
    await rm(join(this.#folder, podUid), { force: true });
    return true;
  }

  async closeAllBut(podUids: ReadonlySet<string>): Promise<boolean> {
    const gone = [...this.#ofPods.keys()].filter((uid) => !podUids.has(uid));
    for (const uid of gone) await this.close(uid);
    return gone.length > 0;
  }
}

function parsePodPorts(text: string): PodPorts | undefined {
  try {
    return JSON.parse(text) as PodPorts;
  } catch {
    return undefined;
  }
}
