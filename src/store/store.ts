// The one place where a cluster's state lives: keys with values, one revision for all of them, and a stream of changes.
// Every engine passes the contract in store.contract.ts; nothing above this file knows which engine it has.

export interface Entry {
  key: string;
  value: string;
  /** The revision of the last write. */
  revision: number;
}

export interface StoreEvent {
  key: string;
  /** Absent when the key was deleted. */
  value: string | undefined;
  revision: number;
}

/** One step of a transaction. */
export interface Operation {
  key: string;
  /** The revision the key must have, 0 for "must not exist"; unchecked when absent. */
  expected?: number;
  /** What to write, or undefined to delete. */
  value: string | undefined;
  /** The key vanishes after this long in which the store was open, unless it is written again. */
  ttlSeconds?: number;
}

export interface Page {
  /** The first key to read; the prefix itself when absent. */
  start?: string;
  /** How many entries at most; all when absent. */
  limit?: number;
}

export interface Range {
  entries: Entry[];
  /** The revision at which the entries were read: watch from here to see all that follows. */
  revision: number;
  /** Where the next page starts; absent when there is no more. */
  next: string | undefined;
}

export interface SnapshotEntry {
  key: string;
  value: string;
  /** What was left of its time to live. */
  ttlLeftMs?: number;
}

/** A part of a snapshot; all parts are of the same revision. There is one at least, also of an empty store. */
export interface SnapshotPart {
  revision: number;
  entries: SnapshotEntry[];
}

/** How often something took how long. */
export interface Durations {
  count: number;
  sumMs: number;
  /** How many took this long at most; each includes those before it. */
  upTo: { ms: number; count: number }[];
}

export interface StoreStats {
  /** The newest that is durable. */
  revision: number;
  /** Watches may begin here or later. */
  oldestRevision: number;
  keys: number;
  keysWithTtl: number;
  watchers: number;
  /** Transactions that wait to be committed. */
  queueLength: number;
  transactions: number;
  /** Transactions that could not be made durable. */
  failures: number;
  /** From the moment a batch of transactions is handed to the engine until it is durable. */
  commits: Durations;
  /** What the state takes on disk, with its log. */
  fileBytes: number;
}

export interface Store {
  /**
   * Does all operations or none, and resolves with their revision once they are durable.
   * Throws Mismatch when a key is not at its expected revision; by then watchers have been told of the write that it met,
   * so that who reads again sees it. Throws StoreFull when there is no room. What can wait a little is made durable along
   * with others, which spares the work of a commit of its own.
   */
  transact(operations: readonly Operation[], patienceMs?: number): Promise<number>;
  get(key: string): Promise<Entry | undefined>;
  /** The entries whose key begins with the prefix, in the order of keys, all as they were at one revision. */
  range(prefix: string, page?: Page): Promise<Range>;
  /**
   * Delivers every change after the revision, in order and once durable, in batches that never split a revision, until
   * the signal is aborted. `deliver` must not throw. Throws Compacted at once where changes since then are no longer known.
   */
  watch(prefix: string, after: number, deliver: (events: StoreEvent[]) => void, signal: AbortSignal): void;
  /** Forgets the changes up to the revision, and gives back what room the engine holds for no use. Serving goes on meanwhile. */
  compact(revision: number): Promise<void>;
  /** Everything as it is at the moment when reading begins, in the order of keys. Serving goes on meanwhile. */
  snapshot(): AsyncIterable<SnapshotPart>;
  /** Fills a store that is empty. The revisions of what it holds then, and all later ones, are past the one that is named. */
  restore(parts: AsyncIterable<SnapshotPart>, past: number): Promise<void>;
  /** Reads all there is and throws StoreDamaged when something of it is not as it was written. */
  check(): Promise<void>;
  stats(): StoreStats;
  close(): Promise<void>;
}

/** A key was not at the revision that the transaction expected. */
export class Mismatch extends Error {
  readonly key: string;

  constructor(key: string) {
    super(`${key} is not at the expected revision`);
    this.key = key;
  }
}

export class Compacted extends Error {
  constructor(revision: number, oldest: number) {
    super(`revision ${revision} has been compacted, the oldest known is ${oldest}`);
  }
}

/** There is no room for a write. Reading goes on. */
export class StoreFull extends Error {}

/** What is on disk is not what was written: nothing can be built on it. */
export class StoreDamaged extends Error {}

/** Another process has it open. */
export class StoreInUse extends Error {}
