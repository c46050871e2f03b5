// The files of the manifests folder: told of when they have come to rest, and when they are gone. Holds: a file is read only when two
// looks in a row found it the same, and a folder that is not there says nothing of its files.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { untilFolderChanges } from '../../base/folder-changes.ts';

export interface ManifestFilesOptions {
  folder: string;
  clock: Clock;
  onFile(name: string, read: { text: string } | { fault: string }): Promise<void>;
  onGone(name: string): void;
  /** After the first look, and each that has told of something. */
  onTold(): void;
  /** Told once of each. */
  onFolderFault(fault: string): void;
}

const rescanMs = 60_000;
const restMs = 300;
const bytesAtMost = 32 * 1024 * 1024;

/** Editors write beside a file, under names that begin or end in another way. */
export function isManifestName(name: string): boolean {
  return /^[^.#].*\.(ya?ml|json)$/i.test(name);
}

export class ManifestFiles {
  readonly #options: ManifestFilesOptions;
  /** How each file looked last, and as which it was told of. */
  readonly #looks = new Map<string, string>();
  readonly #told = new Map<string, string>();
  #folderFault: string | undefined;
  #hasLooked = false;

  constructor(options: ManifestFilesOptions) {
    this.#options = options;
  }

  /** Whether it was there when the folder was looked at last, told of or not. */
  has(name: string): boolean {
    return this.#looks.has(name);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { folder, clock } = this.#options;
    while (!signal.aborted) {
      const round = new AbortController();
      // Watched before it is looked at, so that nothing happens in between.
      const wait = { clock, mostMs: rescanMs, settleMs: restMs };
      const changes = untilFolderChanges(folder, wait, AbortSignal.any([signal, round.signal]));
      const isAtRest = await this.#look();
      await (isAtRest ? changes : clock.sleep(restMs, signal).catch(() => {}));
      round.abort();
    }
  }

  /** Whether nothing has changed since the last look. */
  async #look(): Promise<boolean> {
    const { onFile, onGone, onTold } = this.#options;
    const names = await this.#names();
    if (!names) return true;
    let isAtRest = true;
    let hasTold = !this.#hasLooked;
    this.#hasLooked = true;
    for (const name of names) {
      const look = await this.#lookOf(name);
      const isSame = this.#looks.get(name) === look;
      this.#looks.set(name, look);
      if (!isSame) isAtRest = false;
      else if (this.#told.get(name) !== look) {
        this.#told.set(name, look);
        await onFile(name, await this.#read(name));
        hasTold = true;
      }
    }
    for (const name of this.#looks.keys()) {
      if (names.includes(name)) continue;
      this.#looks.delete(name);
      if (this.#told.delete(name)) onGone(name);
      hasTold = true;
    }
    if (hasTold) onTold();
    return isAtRest;
  }

  /** Undefined where the folder cannot be read. */
  async #names(): Promise<string[] | undefined> {
    const { folder, onFolderFault } = this.#options;
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      this.#folderFault = undefined;
      const files = entries.filter((entry) => isManifestName(entry.name) && (entry.isFile() || entry.isSymbolicLink()));
      return files.map(({ name }) => name).sort();
    } catch (error) {
      const { message } = error as Error;
      if (this.#folderFault !== message) onFolderFault(message);
      this.#folderFault = message;
      return undefined;
    }
  }

  async #lookOf(name: string): Promise<string> {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(join(this.#options.folder, name));
      return [ino, size, mtimeMs, ctimeMs].join(' ');
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  }

  async #read(name: string): Promise<{ text: string } | { fault: string }> {
    const path = join(this.#options.folder, name);
    try {
      const { size } = await stat(path);
      if (size > bytesAtMost) return { fault: `it has ${size} bytes, and may have ${bytesAtMost}: split it` };
      return { text: await readFile(path, 'utf8') };
    } catch (error) {
      return { fault: (error as Error).message };
    }
  }
}
