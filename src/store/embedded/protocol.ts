// What the store's thread and its SQLite worker say to each other. The worker knows rows and transactions, nothing else.

export interface Row {
  key: string;
  /** Absent in a write: the row is deleted. */
  value: string | undefined;
  revision: number;
  /** In store time: milliseconds that the store has been open in all its life. Null for ever. */
  expires: number | null;
}

export interface Calls {
  commit(change: { rows: Row[]; revision: number; storeMs: number }): void;
  get(key: string): Row | undefined;
  range(query: { from: string; to: string; limit: number }): { rows: Row[]; revision: number };
  /** Gives a slice of unused pages back to the file system; answers whether there are more. */
  trim(mostPages: number): boolean;
  openSnapshot(): SnapshotHead;
  /** The next rows, none at the end. */
  readSnapshot(id: number): Row[];
  closeSnapshot(id: number): void;
  check(): void;
  close(): void;
}

export interface SnapshotHead {
  id: number;
  revision: number;
  storeMs: number;
}

export interface Request<Call extends keyof Calls = keyof Calls> {
  id: number;
  call: Call;
  argument: Parameters<Calls[Call]>[0];
}

export type Trouble = 'full' | 'damaged' | 'in use' | 'other';

export interface Failure {
  message: string;
  trouble: Trouble;
}

export type Answer = { id: number; result: unknown } | { id: number; failure: Failure };

export interface Opening {
  revision: number;
  storeMs: number;
  index: { key: string; revision: number; expires: number | null }[];
}

/** The first message of the worker. */
export type Greeting = { opening: Opening } | { failure: Failure };
