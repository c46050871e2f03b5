// Files that are to be as they were said last, without anybody waiting for it: written whole, one after the other, and tried
// again when the disk took one not. Of several versions of a file only the last has to be written.
import { rm } from 'node:fs/promises';
import type { Clock } from './clock.ts';
import { writeFileWhole } from './files.ts';
import type { Log } from './log.ts';

const retryMs = 30_000;

export class FileKeeper {
  readonly #clock: Clock;
  readonly #log: Log;
  /** In order: the content by path, undefined for what is to be removed with all below it. */
  readonly #due = new Map<string, string | Uint8Array | undefined>();
  #work: Promise<void> | undefined;
  #isResting = false;

  constructor(options: { clock: Clock; log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  write(path: string, content: string | Uint8Array): void {
    this.#add(path, content);
  }

  remove(path: string): void {
    for (const below of this.#due.keys()) if (below.startsWith(`${path}/`)) this.#due.delete(below);
    this.#add(path, undefined);
  }

  /** Resolves when all is done that the disk takes. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
  }

  #add(path: string, content: string | Uint8Array | undefined): void {
    this.#due.delete(path);
    this.#due.set(path, content);
    this.#begin();
  }

  #begin(): void {
    if (this.#isResting) return;
    this.#work ??= this.#doAll().finally(() => {
      this.#work = undefined;
    });
  }

  async #doAll(): Promise<void> {
    // Who says something about a file twice at once has not to see it written twice.
    await undefined;
    for (let [entry] = this.#due; entry; [entry] = this.#due) {
      const [path, content] = entry;
      this.#due.delete(path);
      try {
        if (content === undefined) await rm(path, { recursive: true, force: true });
        else await writeFileWhole(path, content);
      } catch (error) {
        this.#rest(path, content, error);
        return;
      }
    }
  }

  #rest(path: string, content: string | Uint8Array | undefined, error: unknown): void {
    // Unless it is to be otherwise by now.
    if (!this.#due.has(path)) this.#due.set(path, content);
    this.#log.warn('the disk does not take a file, trying again', { path, waiting: this.#due.size, error });
    this.#isResting = true;
    this.#clock.after(retryMs, () => {
      this.#isResting = false;
      this.#begin();
    });
  }
}
