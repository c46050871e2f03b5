// What the store's thread and its SQLite worker say to each other. The worker knows rows and transactions, nothing else.

export interface Row {
  key: string;
  /** Absent in a write: the row is deleted. */
  value: string | undefined;
  revision: number;
  /** Milliseconds since the epoch, or null for ever. */
  expires: number | null;
}

export type Request =
  | { id: number; type: 'commit'; rows: Row[]; revision: number }
  | { id: number; type: 'get'; key: string }
  | { id: number; type: 'range'; from: string; to: string }
  | { id: number; type: 'close' };

/** A request before it has its number. */
export type Ask = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

export type Answer = { id: number; rows: Row[] } | { id: number; error: { message: string; full: boolean } };

/** The first message of the worker: all keys with their revisions, or why the database could not be opened. */
export type Opening =
  | { revision: number; index: { key: string; revision: number; expires: number | null }[] }
  | { error: string; inUse: boolean };
