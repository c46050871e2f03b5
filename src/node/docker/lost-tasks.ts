// What runs though Docker knows nothing of it. A Docker that could not write down that it had started a container, as its disk was
// full or it was killed, takes it for one that was never started: it starts it no more, and when the container is removed
// its shim stays, with all that runs below. Ended by its shim, which containerd then cleans up after.
// Holds: nothing is ended but what stands on a shim as the id of a container of this agent's: one that it has removed, cannot
// start, or finds in the control group of one of its pods although Docker has none.
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';

/** A shim of a container that was removed in good order ends by itself within this. */
const sweepAfterMs = 10_000;

export class LostTasks {
  readonly #clock: Clock;
  readonly #log: Log;
  #removed = new Set<string>();

  constructor(options: { clock: Clock; log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** To be looked for some time later, once for all that are removed meanwhile: the way of a pod's end is not longer by it. */
  wasRemoved(id: string): void {
    if (this.#removed.size === 0) this.#clock.after(sweepAfterMs, () => void this.#sweep());
    this.#removed.add(id);
  }

  /** Resolves when nothing runs any more of containers that Docker says do not. */
  async end(ids: ReadonlySet<string>): Promise<void> {
    for (const [pid, id] of await observeShims()) {
      if (!ids.has(id)) continue;
      this.#log.warn('Docker has lost sight of what runs of a container: ending it', { container: id, pid });
      // The container before its shim: whoever takes its place must not meet it.
      for (const each of [...(await childrenOf(pid)), pid]) kill(each);
    }
  }

  async #sweep(): Promise<void> {
    const ids = this.#removed;
    this.#removed = new Set();
    await this.end(ids).catch((error: unknown) => this.#log.warn('processes cannot be looked at', { error }));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** By its threads, as each has children of its own. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(lists)).flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** By its name, which the kernel tells at once; a command line stands in the memory of a process, which may be long in coming. */
function mayBeShim(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('containerd-shim');
  } catch {
    return false;
  }
}

/** The container of each shim by its process id. */
async function observeShims(): Promise<Map<number, string>> {
  const shims = new Map<number, string>();
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!(pid > 0) || !mayBeShim(pid)) continue;
    const id = shimOf(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
    if (id) shims.set(pid, id);
  }
  return shims;
}

/** The id of the container that a process is the shim of, by its command line. */
export function shimOf(commandLine: string): string | undefined {
  const words = commandLine.split('\0');
  if (!/(^|\/)containerd-shim[^/]*$/.test(words[0] ?? '')) return undefined;
  const place = words.indexOf('-id');
  return place > 0 ? words[place + 1] : undefined;
}
