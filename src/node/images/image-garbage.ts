// Frees disk when it gets full: removes images that this agent has pulled and that no container on this host is made of.
// Looks at the disk alone every few minutes, and asks the engine only when there is something to do.
import { statfs } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { bytesToFree, type DiskUsage, type GarbageThresholds, planImageGarbage } from './image-garbage-plan.ts';
import type { ImageLedger } from './image-ledger.ts';
import type { ImageInfo, ImageStore } from './image-store.ts';

const lookMs = 300_000;

export interface ImageGarbageOptions {
  store: ImageStore;
  ledger: ImageLedger;
  thresholds: GarbageThresholds;
  clock: Clock;
  log: Log;
  /** Tells of the node that there is not enough to remove. */
  tell(reason: string, message: string): void;
  onRemoved?(): void;
  /** How full the disk of the images is, where that is not to be read off the disk. */
  disk?(): Promise<DiskUsage>;
}

export class ImageGarbage {
  readonly #options: ImageGarbageOptions;
  /** One collection at a time: who comes meanwhile waits and looks anew. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ImageGarbageOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, tell } = this.#options;
    while (!signal.aborted) {
      await this.collect().catch((error: unknown) => {
        log.warn('images that nobody uses could not be removed', { error });
        tell('ImageGCFailed', error instanceof Error ? error.message : String(error));
      });
      await clock.sleep(lookMs, signal).catch(() => {});
    }
  }

  /** Frees what the thresholds demand. */
  async collect(): Promise<void> {
    const { thresholds, tell } = this.#options;
    const wantedBytes = bytesToFree(await this.#disk(), thresholds);
    if (wantedBytes === 0) return;
    const freedBytes = await this.free(wantedBytes, thresholds.leastAgeMs);
    if (freedBytes >= wantedBytes) return;
    tell(
      'FreeDiskSpaceFailed',
      `Failed to garbage collect required amount of images. Attempted to free ${wantedBytes} bytes, but only found ${freedBytes} bytes eligible to free.`,
    );
  }

  /** Removes images until so much is free that was not before, or nothing is left to remove; answers how much it was. */
  free(wantedBytes: number, leastAgeMs = 0): Promise<number> {
    const freed = this.#tail.then(() => this.#free(wantedBytes, leastAgeMs));
    this.#tail = freed.catch(() => {});
    return freed;
  }

  async #free(wantedBytes: number, leastAgeMs: number): Promise<number> {
    const { store, ledger, clock, log, onRemoved } = this.#options;
    const [images, inUse, before] = await Promise.all([store.list(), store.idsInUse(), this.#disk()]);
    const here = new Map(images.map((image) => [image.id, image]));
    const view = { present: here, inUse, ledger: ledger.entries() };
    const removed: string[] = [];
    let freedBytes = 0;
    for (const id of planImageGarbage(view, leastAgeMs, clock.now())) {
      if (freedBytes >= wantedBytes) break;
      const image = here.get(id) as ImageInfo;
      if (!(await this.#remove(image))) continue;
      ledger.forget(id);
      removed.push(image.tags[0] ?? image.digests[0] ?? id);
      freedBytes = (await this.#disk()).availableBytes - before.availableBytes;
    }
    // Images that others removed are no longer of interest.
    for (const id of [...ledger.entries().keys()]) if (!here.has(id)) ledger.forget(id);
    await ledger.save();
    if (removed.length > 0) {
      log.info('removed images that nobody uses', { images: removed, freedBytes });
      onRemoved?.();
    }
    return freedBytes;
  }

  /** Name by name and never by force: the engine itself refuses the last one where a container came in between. */
  async #remove({ id, tags, digests }: ImageInfo): Promise<boolean> {
    const { store } = this.#options;
    const names = tags.length > 0 ? tags : digests.length > 0 ? digests : [id];
    for (const name of names) if (!(await store.remove(name))) return false;
    return (await store.inspect(id)) === undefined || (await store.remove(id));
  }

  async #disk(): Promise<DiskUsage> {
    if (this.#options.disk) return this.#options.disk();
    const { blocks, bavail, bsize } = await statfs(await this.#options.store.folder());
    return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
  }
}
