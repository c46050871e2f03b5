// Which images this agent has pulled, under which names, and when a pod last needed them. Only what stands here is ever
// removed again: images that somebody else brought are none of ours. Lost, it costs some disk and nothing else.
import { join } from 'node:path';
import { readFileIfThere, writeFileWhole } from '../../base/files.ts';
import type { Log } from '../../base/log.ts';

export interface LedgerEntry {
  /** As pods name it. */
  names: string[];
  pulledAtMs: number;
  usedAtMs: number;
}

export class ImageLedger {
  readonly #path: string;
  readonly #entries: Map<string, LedgerEntry>;
  #saved: Promise<void> = Promise.resolve();

  private constructor(path: string, entries: Map<string, LedgerEntry>) {
    this.#path = path;
    this.#entries = entries;
  }

  static async open({ dataDir, log }: { dataDir: string; log: Log }): Promise<ImageLedger> {
    const path = join(dataDir, 'images.json');
    try {
      const entries = JSON.parse((await readFileIfThere(path)) ?? '{}') as Record<string, LedgerEntry>;
      return new ImageLedger(path, new Map(Object.entries(entries)));
    } catch (error) {
      log.warn('the list of pulled images cannot be read: none of them will be removed', { path, error });
      return new ImageLedger(path, new Map());
    }
  }

  /** By image id. */
  entries(): ReadonlyMap<string, LedgerEntry> {
    return this.#entries;
  }

  idOf(name: string): string | undefined {
    for (const [id, { names }] of this.#entries) if (names.includes(name)) return id;
    return undefined;
  }

  async pulled(id: string, name: string, nowMs: number): Promise<void> {
    // A tag that has moved on is the name of one image only.
    for (const [other, entry] of this.#entries)
      if (other !== id) entry.names = entry.names.filter((known) => known !== name);
    const names = new Set([...(this.#entries.get(id)?.names ?? []), name]);
    this.#entries.set(id, { names: [...names], pulledAtMs: nowMs, usedAtMs: nowMs });
    await this.save();
  }

  /** Kept in memory: the collector saves it when it has looked around. */
  used(id: string, nowMs: number): void {
    const entry = this.#entries.get(id);
    if (entry) entry.usedAtMs = nowMs;
  }

  forget(id: string): void {
    this.#entries.delete(id);
  }

  /** One after the other: pulls end at the same time. */
  save(): Promise<void> {
    const write = () => writeFileWhole(this.#path, JSON.stringify(Object.fromEntries(this.#entries), null, 1));
    this.#saved = this.#saved.then(write, write);
    return this.#saved;
  }
}
