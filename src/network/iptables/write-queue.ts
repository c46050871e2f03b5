// When rules are written: once at the start, after each change, when somebody has to be sure of the rules of now, and again
// after a failure. Holds: never two writes at a time.
import type { Log } from '../../base/log.ts';
import { WorkQueue } from '../../client/work-queue.ts';

export interface WriteQueueOptions {
  name: string;
  /** Brings the kernel to what is wanted by now. */
  write(): Promise<void>;
  log: Log;
}

export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #queue: WorkQueue;
  #isHealthy = false;
  #awaited: PromiseWithResolvers<void>[] = [];

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ name: options.name, log: options.log, sync: () => this.#sync() });
  }

  /** Resolves when the kernel has what is wanted by now. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#sync();
    this.#queue.start(signal);
  }

  /** Something is wanted otherwise than before. */
  change(): void {
    this.#queue.add('rules');
  }

  /** Whether the last write succeeded. */
  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** Resolves when the kernel has the rules of now; rejects where it does not take them. */
  applied(): Promise<void> {
    const awaited = Promise.withResolvers<void>();
    this.#awaited.push(awaited);
    this.#queue.add('rules');
    return awaited.promise;
  }

  async #sync(): Promise<void> {
    const awaited = this.#awaited.splice(0);
    try {
      await this.#options.write();
      this.#isHealthy = true;
      for (const { resolve } of awaited) resolve();
    } catch (error) {
      this.#isHealthy = false;
      for (const { reject } of awaited) reject(error);
      throw error;
    }
  }
}
