// The store in one SQLite file. A write takes its revision at once and waits in a queue; a flush commits the whole queue
// in one durable transaction, then acknowledges the writers and tells the watchers.
//
//   transact -> queue --flush--> worker commits --> watchers are told, writers are answered
//                                     `- fails --> what waited is undone in reverse, its writers are refused
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { Recent } from '../../base/recent.ts';
import { Compacted, type Entry, Mismatch, type Operation, type Range, type Store, type StoreEvent } from '../store.ts';
import type { Row } from './protocol.ts';
import { SqliteThread } from './sqlite-thread.ts';

/** How much is kept for watchers that begin in the past. */
const windowMost = { count: 2048, bytes: 8 * 1024 * 1024 };
const expiryCheckMs = 10_000;

interface Known {
  revision: number;
  expires: number | null;
}

interface Queued {
  revision: number;
  rows: Row[];
  /** What the index held before, to go back to when the commit fails. */
  before: [key: string, known: Known | undefined][];
  done: PromiseWithResolvers<number>;
}

interface Watcher {
  prefix: string;
  deliver(events: StoreEvent[]): void;
}

export class EmbeddedStore implements Store {
  readonly #thread: SqliteThread;
  readonly #clock: Clock;
  /** Every key with the revision it has, or will have once the queue is written. */
  readonly #index: Map<string, Known>;
  /** The newest write of a key that waits to be committed. */
  readonly #pending = new Map<string, Promise<unknown>>();
  readonly #expiring = new Set<string>();
  readonly #watchers = new Set<Watcher>();
  readonly #window = new Recent<StoreEvent>(windowMost);
  #queue: Queued[] = [];
  #flushing: Promise<void> | undefined;
  #lastRevision: number;
  #committedRevision: number;
  #forgottenRevision: number;
  #cancelExpiry: (() => void) | undefined;
  #closed = false;

  private constructor(thread: SqliteThread, clock: Clock, revision: number, index: Map<string, Known>) {
    this.#thread = thread;
    this.#clock = clock;
    this.#index = index;
    this.#lastRevision = this.#committedRevision = this.#forgottenRevision = revision;
    for (const [key, { expires }] of index) if (expires !== null) this.#expiring.add(key);
    this.#planExpiry();
  }

  static async open(directory: string, clock: Clock = systemClock): Promise<EmbeddedStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { thread, opening } = await SqliteThread.open(join(directory, 'state.db'));
    const index = new Map(opening.index.map(({ key, ...known }) => [key, known]));
    return new EmbeddedStore(thread, clock, opening.revision, index);
  }

  transact(operations: readonly Operation[]): Promise<number> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    for (const { key, expected } of operations) {
      if (expected !== undefined && (this.#index.get(key)?.revision ?? 0) !== expected) {
        return this.#refuse(key);
      }
    }
    const revision = ++this.#lastRevision;
    const queued: Queued = { revision, rows: [], before: [], done: Promise.withResolvers() };
    for (const { key, value, ttlSeconds } of operations) {
      const known = this.#index.get(key);
      if (value === undefined && !known) continue;
      const expires = ttlSeconds === undefined ? null : this.#clock.now() + ttlSeconds * 1000;
      queued.rows.push({ key, value, revision, expires });
      queued.before.push([key, known]);
      this.#remember(key, value === undefined ? undefined : { revision, expires });
      this.#pending.set(key, queued.done.promise);
    }
    this.#queue.push(queued);
    this.#flushing ??= this.#flush();
    return queued.done.promise;
  }

  async get(key: string): Promise<Entry | undefined> {
    const [row] = await this.#thread.ask({ type: 'get', key });
    return row && entryOf(row);
  }

  async range(prefix: string): Promise<Range> {
    await this.#flushing;
    const revision = this.#committedRevision;
    const rows = await this.#thread.ask({ type: 'range', from: prefix, to: `${prefix}\u{10ffff}` });
    // A commit may have slipped in between: what it wrote is told by the watch, too, and must not look older than it is.
    return { entries: rows.map(entryOf), revision };
  }

  watch(prefix: string, after: number, deliver: (events: StoreEvent[]) => void, signal: AbortSignal): void {
    if (after < this.#forgottenRevision) throw new Compacted(after, this.#forgottenRevision);
    const missed = [...this.#window].filter(({ key, revision }) => revision > after && key.startsWith(prefix));
    if (missed.length > 0) deliver(missed);
    const watcher = { prefix, deliver };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelExpiry?.();
    await this.#flushing;
    this.#watchers.clear();
    await this.#thread.close();
  }

  /** What the refused writer met may not be visible yet: it hears of it when that is committed, or undone. */
  async #refuse(key: string): Promise<never> {
    await this.#pending.get(key)?.catch(() => {});
    throw new Mismatch(key);
  }

  async #flush(): Promise<void> {
    await new Promise(setImmediate); // lets the writers of this turn of the event loop share one commit
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const revision = batch.at(-1)?.revision ?? this.#committedRevision;
      try {
        await this.#thread.ask({ type: 'commit', rows: batch.flatMap(({ rows }) => rows), revision });
      } catch (error) {
        // What queued up meanwhile may build upon what failed.
        this.#undo([...batch, ...this.#queue.splice(0)], error);
        continue;
      }
      // Outside of what may fail: what is durable is never undone.
      this.#committed(batch, revision);
    }
    this.#flushing = undefined;
  }

  #committed(batch: Queued[], revision: number): void {
    this.#committedRevision = revision;
    const events = batch
      .flatMap(({ rows }) => rows)
      .map(({ key, value, revision }): StoreEvent => ({ key, value, revision }));
    for (const event of events) {
      const forgotten = this.#window.push(event, event.value?.length ?? 0);
      if (forgotten) this.#forgottenRevision = forgotten.revision;
    }
    for (const { prefix, deliver } of this.#watchers) {
      const wanted = events.filter(({ key }) => key.startsWith(prefix));
      if (wanted.length > 0) deliver(wanted);
    }
    this.#settle(batch, ({ revision, done }) => done.resolve(revision));
    this.#planExpiry();
  }

  #undo(failed: Queued[], error: unknown): void {
    for (const { before } of failed.reverse()) {
      for (const [key, known] of before.reverse()) this.#remember(key, known);
    }
    this.#settle(failed, ({ done }) => done.reject(error));
  }

  #settle(queued: Queued[], settle: (queued: Queued) => void): void {
    for (const each of queued) {
      for (const { key } of each.rows) if (this.#pending.get(key) === each.done.promise) this.#pending.delete(key);
      settle(each);
    }
  }

  #remember(key: string, known: Known | undefined): void {
    if (known) this.#index.set(key, known);
    else this.#index.delete(key);
    if (known && known.expires !== null) this.#expiring.add(key);
    else this.#expiring.delete(key);
  }

  /** A store in which nothing expires sets no timer. */
  #planExpiry(): void {
    if (this.#cancelExpiry || this.#closed || this.#expiring.size === 0) return;
    this.#cancelExpiry = this.#clock.after(expiryCheckMs, () => {
      this.#cancelExpiry = undefined;
      const now = this.#clock.now();
      const over = [...this.#expiring].filter((key) => (this.#index.get(key)?.expires ?? Infinity) <= now);
      for (const key of over) this.transact([{ key, value: undefined }]).catch(() => {}); // tried again at the next check
      this.#planExpiry();
    });
  }
}

function entryOf({ key, value = '', revision }: Row): Entry {
  return { key, value, revision };
}
