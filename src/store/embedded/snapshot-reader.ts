// Reads the whole state as it is at one moment, while others write: a read transaction of a connection of its own.
// It needs no lock, so that a backup can be made of the files of a server that runs.
import { DatabaseSync } from 'node:sqlite';
import type { SnapshotEntry } from '../store.ts';
import type { Row } from './protocol.ts';
import { readCounter, rowColumns, type StoredRow, verified } from './sqlite-file.ts';

export class SnapshotReader {
  readonly revision: number;
  readonly storeMs: number;
  readonly #database: DatabaseSync;
  readonly #rows: Iterator<unknown>;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true });
    try {
      this.#database.exec('BEGIN');
      const { revision, storeMs } = readCounter(this.#database);
      this.revision = revision;
      this.storeMs = storeMs;
      this.#rows = this.#database.prepare(`SELECT ${rowColumns} FROM entries ORDER BY key`).iterate();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The next rows, fewer than asked for at the end. */
  read(count: number): Row[] {
    const rows: Row[] = [];
    while (rows.length < count) {
      const { done, value } = this.#rows.next();
      if (done) break;
      rows.push(verified(value as StoredRow));
    }
    return rows;
  }

  close(): void {
    this.#database.close();
  }
}

export function snapshotEntry({ key, value = '', expires }: Row, storeMs: number): SnapshotEntry {
  return { key, value, ...(expires !== null && { ttlLeftMs: Math.max(0, expires - storeMs) }) };
}
