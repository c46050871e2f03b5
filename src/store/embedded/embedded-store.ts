// The store in one SQLite file. A write takes its revision at once and waits in a queue; a flush commits the queue
// in one durable transaction, then acknowledges the writers and tells the watchers.
//
//   transact -> queue --flush--> worker commits --> watchers are told, writers are answered
//                                     `- fails --> what waited is undone in reverse, its writers are refused
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type Clock, systemClock } from '../../base/clock.ts';
import { fileBytes } from '../../base/files.ts';
import { Histogram } from '../../base/histogram.ts';
import type { Log } from '../../base/log.ts';
import {
  type Entry,
  Mismatch,
  type Operation,
  type Page,
  type Range,
  type SnapshotPart,
  type Store,
  type StoreEvent,
  type StoreStats,
} from '../store.ts';
import { Expiries } from './expiries.ts';
import type { Opening, Row } from './protocol.ts';
import { SnapshotReader, snapshotEntry } from './snapshot-reader.ts';
import { databaseFile, SqliteThread } from './sqlite-thread.ts';
import { WatchWindow } from './watch-window.ts';

/** How many transactions share a commit at most: more gain nothing, and what follows a commit is done in one go. */
const batchMost = 512;
const trimPages = 64;
const commitBoundsMs = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096];

export interface OpenOptions {
  clock?: Clock;
  log?: Log;
  /** Called when the engine has ended by itself: nothing can be read or written any more. */
  onLost?(error: Error): void;
}

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

export class EmbeddedStore implements Store {
  readonly #directory: string;
  readonly #thread: SqliteThread;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  /** Every key with the revision it has, or will have once the queue is written. */
  readonly #index = new Map<string, Known>();
  /** The newest write of a key that waits to be committed. */
  readonly #pending = new Map<string, Promise<unknown>>();
  readonly #expiries: Expiries;
  readonly #window: WatchWindow;
  readonly #commits = new Histogram(commitBoundsMs);
  /** Store time at the clock's beginning. */
  readonly #storeBeganMs: number;
  #queue: Queued[] = [];
  #flushing: Promise<void> | undefined;
  /** Takes back the flush that is to come when the patience of what waits is at its end. */
  #cancelLater: (() => void) | undefined;
  #lastRevision: number;
  #committedRevision: number;
  #transactions = 0;
  #failures = 0;
  #isFailing = false;
  #closed = false;

  private constructor(
    directory: string,
    thread: SqliteThread,
    opening: Opening,
    { clock = systemClock, log }: OpenOptions,
  ) {
    this.#directory = directory;
    this.#log = log;
    this.#thread = thread;
    this.#clock = clock;
    this.#storeBeganMs = opening.storeMs - clock.monotonicMs();
    this.#lastRevision = this.#committedRevision = opening.revision;
    this.#window = new WatchWindow(opening.revision);
    this.#expiries = new Expiries({
      nowMs: () => this.#storeMs(),
      after: clock.after,
      remove: (key) => this.transact([{ key, value: undefined }]),
    });
    for (const { key, revision, expires } of opening.index) this.#remember(key, { revision, expires });
  }

  /** Throws StoreInUse, StoreDamaged or StoreFull when that is why it cannot be opened. */
  static async open(directory: string, options: OpenOptions = {}): Promise<EmbeddedStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { thread, opening } = await SqliteThread.open(directory, options.onLost);
    return new EmbeddedStore(directory, thread, opening, options);
  }

  /** Whether a directory has a state, whole or not. */
  static isIn(directory: string): boolean {
    return existsSync(databaseFile(directory));
  }

  /** A snapshot of a directory's state, whether or not a server has it open. */
  static async *snapshotOf(directory: string): AsyncIterable<SnapshotPart> {
    const reader = new SnapshotReader(databaseFile(directory));
    try {
      for (;;) {
        const rows = reader.read();
        yield { revision: reader.revision, entries: rows.map((row) => snapshotEntry(row, reader.storeMs)) };
        if (rows.length === 0) return;
      }
    } finally {
      reader.close();
    }
  }

  transact(operations: readonly Operation[], patienceMs = 0): Promise<number> {
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
      const expires = ttlSeconds === undefined ? null : Math.ceil(this.#storeMs() + ttlSeconds * 1000);
      queued.rows.push({ key, value, revision, expires });
      queued.before.push([key, known]);
      this.#remember(key, value === undefined ? undefined : { revision, expires });
      this.#pending.set(key, queued.done.promise);
    }
    this.#queue.push(queued);
    if (patienceMs > 0) this.#flushLater(patienceMs);
    else this.#flushNow();
    return queued.done.promise;
  }

  async get(key: string): Promise<Entry | undefined> {
    const row = await this.#thread.ask('get', key);
    return row && entryOf(row);
  }

  async range(prefix: string, { start = prefix, limit }: Page = {}): Promise<Range> {
    // One more than asked for tells where the next page starts; to SQLite -1 is no limit.
    const query = { from: start, to: `${prefix}\u{10ffff}`, limit: limit === undefined ? -1 : limit + 1 };
    const { rows, revision } = await this.#thread.ask('range', query);
    const entries = rows.map(entryOf);
    const next = limit !== undefined && entries.length > limit ? entries.pop()?.key : undefined;
    return { entries, revision, next };
  }

  watch(prefix: string, after: number, deliver: (events: StoreEvent[]) => void, signal: AbortSignal): void {
    this.#window.watch(prefix, after, deliver, signal);
  }

  async compact(revision: number): Promise<void> {
    this.#window.forget(Math.min(revision, this.#committedRevision));
    // Slices, so that commits get their turn between them.
    while (!this.#closed && (await this.#thread.ask('trim', trimPages)));
  }

  async *snapshot(): AsyncIterable<SnapshotPart> {
    const { id, revision, storeMs } = await this.#thread.ask('openSnapshot');
    try {
      for (;;) {
        const rows = await this.#thread.ask('readSnapshot', id);
        yield { revision, entries: rows.map((row) => snapshotEntry(row, storeMs)) };
        if (rows.length === 0) return;
      }
    } finally {
      await this.#thread.ask('closeSnapshot', id).catch(() => {}); // a closed store has closed its snapshots
    }
  }

  async restore(parts: AsyncIterable<SnapshotPart>, past: number): Promise<void> {
    if (this.#index.size > 0 || this.#lastRevision > past) throw new Error('a store to restore into must be new');
    const revision = past + 1;
    const storeMs = Math.floor(this.#storeMs());
    this.#lastRevision = this.#committedRevision = revision;
    for await (const { entries } of parts) {
      const rows = entries.map(({ key, value, ttlLeftMs }) => {
        const expires = ttlLeftMs === undefined ? null : Math.ceil(storeMs + ttlLeftMs);
        this.#remember(key, { revision, expires });
        return { key, value, revision, expires };
      });
      await this.#thread.ask('commit', { rows, revision, storeMs });
    }
    this.#window.forget(revision);
  }

  check(): Promise<void> {
    return this.#thread.ask('check');
  }

  stats(): StoreStats {
    const file = databaseFile(this.#directory);
    return {
      revision: this.#committedRevision,
      oldestRevision: this.#window.oldest,
      keys: this.#index.size,
      keysWithTtl: this.#expiries.size,
      watchers: this.#window.watchers,
      queueLength: this.#queue.length,
      transactions: this.#transactions,
      failures: this.#failures,
      commits: this.#commits.read(),
      fileBytes: fileBytes(file) + fileBytes(`${file}-wal`),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#expiries.stop();
    this.#flushNow();
    await this.#flushing;
    this.#window.close();
    await this.#thread.close();
  }

  /** What the refused writer met may not be visible yet: it hears of it when that is committed, or undone. */
  async #refuse(key: string): Promise<never> {
    if (this.#pending.has(key)) this.#flushNow();
    await this.#pending.get(key)?.catch(() => {});
    throw new Mismatch(key);
  }

  #flushNow(): void {
    this.#cancelLater?.();
    this.#cancelLater = undefined;
    this.#flushing ??= this.#flush();
  }

  #flushLater(patienceMs: number): void {
    if (!this.#flushing) this.#cancelLater ??= this.#clock.after(patienceMs, () => this.#flushNow());
  }

  async #flush(): Promise<void> {
    await new Promise(setImmediate); // lets the writers of this turn of the event loop share one commit
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchMost);
      const revision = batch.at(-1)?.revision ?? this.#committedRevision;
      const begunMs = performance.now();
      try {
        const rows = batch.flatMap(({ rows }) => rows);
        await this.#thread.ask('commit', { rows, revision, storeMs: Math.floor(this.#storeMs()) });
      } catch (error) {
        // What queued up meanwhile may build upon what failed.
        this.#undo([...batch, ...this.#queue.splice(0)], error);
        if (!this.#isFailing) this.#log?.error('writes fail, each is refused until one succeeds', { error });
        this.#isFailing = true;
        continue;
      }
      if (this.#isFailing) this.#log?.info('writes succeed again');
      this.#isFailing = false;
      this.#commits.add(performance.now() - begunMs);
      // Outside of what may fail: what is durable is never undone.
      this.#committed(batch, revision);
    }
    this.#flushing = undefined;
  }

  #committed(batch: Queued[], revision: number): void {
    this.#committedRevision = revision;
    this.#transactions += batch.length;
    const rows = batch.flatMap(({ rows }) => rows);
    this.#window.publish(rows.map(({ key, value, revision }) => ({ key, value, revision })));
    this.#settle(batch, ({ revision, done }) => done.resolve(revision));
  }

  #undo(failed: Queued[], error: unknown): void {
    this.#failures += failed.length;
    for (const { before } of failed.toReversed()) {
      for (const [key, known] of before.toReversed()) this.#remember(key, known);
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
    this.#expiries.set(key, known?.expires ?? null);
  }

  /** How long the store has been open in all its life: whoever sets the clock on the wall makes no key older or younger. */
  #storeMs(): number {
    return this.#storeBeganMs + this.#clock.monotonicMs();
  }
}

function entryOf({ key, value = '', revision }: Row): Entry {
  return { key, value, revision };
}
