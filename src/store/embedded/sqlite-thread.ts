// The store's end of the line to its SQLite worker: requests by number, answers as promises.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreFull } from '../store.ts';
import type { Answer, Ask, Opening, Row } from './protocol.ts';

export class SqliteThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<Row[]>>();
  #lastId = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#failAll(error));
    worker.on('exit', () => this.#failAll(new Error('the database worker has ended')));
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
    const waiter = Promise.withResolvers<Row[]>();
    const id = ++this.#lastId;
    this.#pending.set(id, waiter);
    this.#worker.postMessage({ ...request, id });
    return waiter.promise;
  }

  async close(): Promise<void> {
    const exited = once(this.#worker, 'exit');
    await this.ask({ type: 'close' });
    await exited;
  }

  #settle(answer: Answer): void {
    const waiter = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('rows' in answer) waiter?.resolve(answer.rows);
    else waiter?.reject(answer.error.full ? new StoreFull(answer.error.message) : new Error(answer.error.message));
  }

  #failAll(error: Error): void {
    for (const waiter of this.#pending.values()) waiter.reject(error);
    this.#pending.clear();
  }
}
