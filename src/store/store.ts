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
  /** The key vanishes this long after the write. */
  ttlSeconds?: number;
}

export interface Range {
  entries: Entry[];
  /** The revision at which the entries were read: watch from here to see all that follows. */
  revision: number;
}

export interface Store {
  /**
   * Does all operations or none, and resolves with their revision once they are durable.
   * Throws Mismatch when a key is not at its expected revision; by then watchers have been told of the write that it met,
   * so that who reads again sees it. Throws StoreFull when there is no room.
   */
  transact(operations: readonly Operation[]): Promise<number>;
  get(key: string): Promise<Entry | undefined>;
  /** All entries whose key begins with the prefix, in the order of keys. */
  range(prefix: string): Promise<Range>;
  /**
   * Delivers every change after the revision, in order and once durable, in batches that never split a revision, until
   * the signal is aborted. `deliver` must not throw. Throws Compacted at once where changes since then are no longer known.
   */
  watch(prefix: string, after: number, deliver: (events: StoreEvent[]) => void, signal: AbortSignal): void;
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
