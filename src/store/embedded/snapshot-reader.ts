// Reads the whole state as it is at one moment, while others write: a read transaction of a connection of its own.
// It needs no lock, so that a backup can be made of the files of a server that runs.
import { DatabaseSync } from 'node:sqlite';
import type { SnapshotEntry } from '../store.ts';
import type { Row } from './protocol.ts';
import { readCounter, rowColumns, type StoredRow, verified } from './sqlite-file.ts';

/** What takes the event loop a few milliseconds. */
const partMost = { rows: 256, length: 128 * 1024 };

export class SnapshotReader {
  readonly revision: number;
  readonly storeMs: number;
  readonly #database: DatabaseSync;
  readonly #rows: Iterator<unknown>;

  constructor(file: string) {
    this.#database = openToRead(file);
    try {
      this.#database.exec('BEGIN');
      const { revision, storeMs } = readCounter(this.#database);
      this.revision = revision;
      this.storeMs = storeMs;
      this.#rows = this.#database.prepare(`SELECT ${rowColumns} FROM entries ORDER BY key`).iterate();
    } catch (error) {
      this.#database.close();
      throw unreadable(file, error);
    }
  }

  /** The next rows, as many as are handled in one go; none at the end. */
  read(): Row[] {
    const rows: Row[] = [];
    let length = 0;
    while (rows.length < partMost.rows && length < partMost.length) {
      const { done, value } = this.#rows.next();
      if (done) break;
      const row = verified(value as StoredRow);
      rows.push(row);
      length += row.value?.length ?? 0;
    }
    return rows;
  }

  close(): void {
    this.#database.close();
  }
}

function openToRead(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true });
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Who reads beside a writer must be allowed to write, too, to tell it what is being read. */
const isOfRights = new Set([8, 14]); // SQLITE_READONLY, SQLITE_CANTOPEN

function unreadable(file: string, error: unknown): Error {
  const { message, errcode = 0 } = error as Error & { errcode?: number };
  const way = isOfRights.has(errcode & 0xff) ? ': run this as the user who runs the server, most often root' : '';
  return new Error(`${file} cannot be read: ${message}${way}`, { cause: error });
}

export function snapshotEntry({ key, value = '', expires }: Row, storeMs: number): SnapshotEntry {
  return { key, value, ...(expires !== null && { ttlLeftMs: Math.max(0, expires - storeMs) }) };
}
