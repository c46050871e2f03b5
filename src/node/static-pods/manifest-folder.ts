// The manifests in a folder of this node: read when something changes there, and once in a while all the same. A file that
// cannot be made sense of changes nothing: what it said before holds until it is mended or removed.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Pod } from '../../api/kinds/pod.ts';
import { keyOf } from '../../api/meta.ts';
import type { Clock } from '../../base/clock.ts';
import { untilFolderChanges } from '../../base/folder-changes.ts';
import { staticPod } from './static-pod.ts';

const rescanMs = 60_000;
/** Whoever writes a file is given the time to end. */
const settleMs = 100;

export interface ManifestFolderOptions {
  path: string;
  nodeName: string;
  clock: Clock;
  /** Told once of each fault of a file. */
  onFault(file: string, fault: string): void;
  onChange(pods: Pod[]): void;
}

interface Found {
  text: string;
  pod: Pod | undefined;
}

export class ManifestFolder {
  readonly #options: ManifestFolderOptions;
  /** What was made sense of last, by file. */
  #read = new Map<string, Found>();
  /** What is wrong, by file. */
  #faults = new Map<string, string>();

  constructor(options: ManifestFolderOptions) {
    this.#options = options;
  }

  async scan(): Promise<void> {
    const read = new Map<string, Found>();
    const faults = new Map<string, string>();
    const pods = new Map<string, Pod>();
    // Of two files with a pod of one name the one that was there first counts.
    const isNew = (file: string) => Number(!this.#read.has(file));
    for (const file of (await this.#files(faults)).sort((a, b) => isNew(a) - isNew(b))) {
      const found = await this.#look(file, faults);
      if (found) read.set(file, found);
      const key = found?.pod && keyOf(found.pod);
      if (key && pods.has(key)) faults.set(file, `another file has a pod ${key} already`);
      else if (key) pods.set(key, found.pod as Pod);
    }
    for (const [file, fault] of faults) if (this.#faults.get(file) !== fault) this.#options.onFault(file, fault);
    this.#read = read;
    this.#faults = faults;
    this.#options.onChange([...pods.values()]);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, path } = this.#options;
    while (!signal.aborted) {
      await untilFolderChanges(path, { clock, mostMs: rescanMs, settleMs }, signal);
      if (!signal.aborted) await this.scan();
    }
  }

  async #files(faults: Map<string, string>): Promise<string[]> {
    const { path } = this.#options;
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'));
      return files.map(({ name }) => join(path, name)).sort();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOTDIR') return [path];
      if (code === 'ENOENT') return [];
      faults.set(path, message);
      return [...this.#read.keys()];
    }
  }

  /** Undefined where there is no such file any more. */
  async #look(file: string, faults: Map<string, string>): Promise<Found | undefined> {
    const { nodeName, clock } = this.#options;
    const before = this.#read.get(file);
    try {
      const text = await readFile(file, 'utf8');
      if (text === before?.text) return before;
      return { text, pod: staticPod(parse(text), { file, nodeName, nowMs: clock.now() }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      faults.set(file, (error as Error).message);
      return before;
    }
  }
}
