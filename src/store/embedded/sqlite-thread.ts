// The store's end of the line to its SQLite worker: calls by number, answers as promises. Once the worker has ended,
// every call is refused at once.
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StoreDamaged, StoreFull, StoreInUse } from '../store.ts';
import type { Answer, Calls, Failure, Greeting, Opening } from './protocol.ts';

export class SqliteThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #exited = Promise.withResolvers<void>();
  #lastId = 0;
  /** Why nothing will be answered any more. */
  #ended: Error | undefined;
  #isClosing = false;

  private constructor(worker: Worker, onLost: (error: Error) => void) {
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => {
      const error = this.#end(new Error('the database worker has ended'));
      this.#exited.resolve();
      if (!this.#isClosing) onLost(error);
    });
  }

  /** Throws StoreInUse, StoreDamaged or StoreFull when that is why the directory's state cannot be opened. */
  static async open(
    directory: string,
    onLost: (error: Error) => void = () => {},
  ): Promise<{ thread: SqliteThread; opening: Opening }> {
    const file = databaseFile(directory);
    // In the checkout a source file, in the bundle a file beside the others.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'mjs';
    const worker = new Worker(new URL(`./sqlite-worker.${extension}`, import.meta.url), {
      workerData: { file, directory },
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    const [greeting] = (await once(worker, 'message')) as [Greeting];
    if ('opening' in greeting) return { thread: new SqliteThread(worker, onLost), opening: greeting.opening };
    const { message, trouble } = greeting.failure;
    throw errorOf({ trouble, message: trouble === 'in use' ? message : `${file} cannot be opened: ${message}` });
  }

  ask<Call extends keyof Calls>(call: Call, ...[argument]: Parameters<Calls[Call]>): Promise<ReturnType<Calls[Call]>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const waiter = Promise.withResolvers<unknown>();
    const id = ++this.#lastId;
    this.#pending.set(id, waiter);
    this.#worker.postMessage({ id, call, argument });
    // What the worker answers to a call is of the call's type: both sides are made of the same interface.
    return waiter.promise as Promise<ReturnType<Calls[Call]>>;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.ask('close').catch((error: unknown) => {
      // A worker that has ended by itself is closed, too.
      if (!this.#ended) throw error;
    });
    await this.#exited.promise;
  }

  #settle(answer: Answer): void {
    const waiter = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('failure' in answer) waiter?.reject(errorOf(answer.failure));
    else waiter?.resolve(answer.result);
  }

  #end(error: Error): Error {
    this.#ended ??= error;
    for (const waiter of this.#pending.values()) waiter.reject(this.#ended);
    this.#pending.clear();
    return this.#ended;
  }
}

export function databaseFile(directory: string): string {
  return join(directory, 'state.db');
}

function errorOf({ message, trouble }: Failure): Error {
  switch (trouble) {
    case 'full':
      return new StoreFull(message);
    case 'damaged':
      return new StoreDamaged(message);
    case 'in use':
      return new StoreInUse(message);
    case 'other':
      return new Error(message);
  }
}
