// The pods of this node as they were last seen, on disk: with them an agent that starts while the master is away goes on.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPodFinished, type Pod } from '../api/kinds/pod.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { FileKeeper } from '../base/file-keeper.ts';
import { removeParts } from '../base/files.ts';
import type { Log } from '../base/log.ts';

export class Checkpoint {
  readonly #folder: string;
  readonly #log: Log;
  /** What stands on disk, as far as it matters there. */
  readonly #written = new Map<string, string>();
  readonly #files: FileKeeper;

  constructor({ dataDir, log, clock = systemClock }: { dataDir: string; log: Log; clock?: Clock }) {
    this.#folder = join(dataDir, 'checkpoint');
    this.#log = log;
    this.#files = new FileKeeper({ clock, log });
  }

  async read(): Promise<Pod[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await removeParts(this.#folder);
    const pods: Pod[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith('.json')) continue;
      try {
        const pod = JSON.parse(await readFile(join(this.#folder, name), 'utf8')) as Pod;
        this.#written.set(pod.metadata.uid ?? '', essence(pod));
        pods.push(pod);
      } catch (error) {
        this.#log.warn('left out a checkpoint that cannot be read', { name, error });
      }
    }
    return pods;
  }

  keep(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    const text = essence(pod);
    if (this.#written.get(uid) === text) return;
    this.#written.set(uid, text);
    this.#files.write(this.#pathOf(uid), JSON.stringify(pod));
  }

  drop(uid: string): void {
    if (!this.#written.delete(uid)) return;
    this.#files.remove(this.#pathOf(uid));
  }

  /** Drops all but these. */
  retain(uids: ReadonlySet<string>): void {
    for (const uid of [...this.#written.keys()]) if (!uids.has(uid)) this.drop(uid);
  }

  /** Resolves when all that was kept so far is on disk, if the disk takes it. */
  async settled(): Promise<void> {
    await this.#files.settled();
  }

  #pathOf(uid: string): string {
    return join(this.#folder, `${uid}.json`);
  }
}

/**
 * What makes a new write worth while: the intent, that it has finished, lest it is run again, and when it began, of one that
 * may run for so long only. One that goes never is.
 */
function essence(pod: Pod): string {
  const { metadata, spec, status } = pod;
  const { labels, annotations, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const isTimed = spec.activeDeadlineSeconds !== undefined;
  return JSON.stringify([
    labels,
    annotations,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    spec,
    deletionTimestamp ? '' : [isPodFinished(pod), isTimed && status.startTime],
  ]);
}
