// The store's end of the line to its SQLite worker: requests by number, answers as promises. Once the worker has ended,
// every request is refused at once.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreFull } from '../store.ts';
import type { Answer, Ask, Opening, Row } from './protocol.ts';

export class SqliteThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<Row[]>>();
  readonly #exited = Promise.withResolvers<void>();
  #lastId = 0;
  /** Why nothing will be answered any more. */
  #ended: Error | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => {
      this.#end(new Error('the database worker has ended'));
      this.#exited.resolve();
    });
  }

  static async open(file: string): Promise<{ thread: SqliteThread; opening: Exclude<Opening, { error: string }> }> {
    // In the checkout a source file, in the bundle a file beside the others.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'mjs';
    const worker = new Worker(new URL(`./sqlite-worker.${extension}`, import.meta.url), {
      workerData: { file },
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    const [opening] = (await once(worker, 'message')) as [Opening];
    if ('error' in opening) {
      throw new Error(
        opening.inUse ? `${file} is in use by another server` : `${file} cannot be opened: ${opening.error}`,
      );
    }
    return { thread: new SqliteThread(worker), opening };
  }

  ask(request: Ask): Promise<Row[]> {
    if (this.#ended) return Promise.reject(this.#ended);
    const waiter = Promise.withResolvers<Row[]>();
    const id = ++this.#lastId;
    this.#pending.set(id, waiter);
    this.#worker.postMessage({ ...request, id });
    return waiter.promise;
  }

  async close(): Promise<void> {
    await this.ask({ type: 'close' }).catch((error: unknown) => {
      // A worker that has ended by itself is closed, too.
      if (!this.#ended) throw error;
    });
    await this.#exited.promise;
  }

  #settle(answer: Answer): void {
    const waiter = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('rows' in answer) waiter?.resolve(answer.rows);
    else waiter?.reject(answer.error.full ? new StoreFull(answer.error.message) : new Error(answer.error.message));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiter of this.#pending.values()) waiter.reject(this.#ended);
    this.#pending.clear();
  }
}
