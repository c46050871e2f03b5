// The worker that owns the database file: every commit is one durable SQLite transaction.
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreDamaged, StoreInUse } from '../store.ts';
import { DirectoryLock } from './directory-lock.ts';
import type { Calls, Failure, Greeting, Opening, Request, Row, Trouble } from './protocol.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import {
  checksumOf,
  openDatabase,
  readCounter,
  rowColumns,
  type StoredRow,
  verified,
  verifyAll,
} from './sqlite-file.ts';

/** A file with fewer unused pages than this, or than a quarter of all, is left as it is: they will be used again. */
const sparePages = 1024;

function callsOf(database: DatabaseSync, file: string, lock: DirectoryLock): Calls {
  const put = database.prepare(
    `INSERT INTO entries (${rowColumns}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
     value = excluded.value, revision = excluded.revision, expires = excluded.expires, checksum = excluded.checksum`,
  );
  const remove = database.prepare('DELETE FROM entries WHERE key = ?');
  const count = database.prepare('UPDATE counter SET revision = ?, store_ms = ?');
  const get = database.prepare(`SELECT ${rowColumns} FROM entries WHERE key = ?`);
  const range = database.prepare(`SELECT ${rowColumns} FROM entries WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`);
  const unused = database.prepare(
    'SELECT freelist_count AS free, page_count AS pages FROM pragma_freelist_count, pragma_page_count',
  );
  const snapshots = new Map<number, SnapshotReader>();
  let lastSnapshot = 0;
  let { revision: committed } = readCounter(database);

  const snapshotOf = (id: number): SnapshotReader => {
    const reader = snapshots.get(id);
    if (!reader) throw new Error(`there is no open snapshot ${id}`);
    return reader;
  };

  return {
    commit: ({ rows, revision, storeMs }) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const row of rows) {
          if (row.value === undefined) remove.run(row.key);
          else put.run(row.key, row.value, row.revision, row.expires, checksumOf(row));
        }
        count.run(revision, storeMs);
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      committed = revision;
    },
    get: (key) => {
      const stored = get.get(key);
      return stored && verified(stored as unknown as StoredRow);
    },
    range: ({ from, to, limit }) => {
      const rows: Row[] = [];
      for (const stored of range.iterate(from, to, limit)) rows.push(verified(stored as unknown as StoredRow));
      return { rows, revision: committed };
    },
    trim: (mostPages) => {
      const hasMuch = () => {
        const { free, pages } = unused.get() as { free: number; pages: number };
        return free > sparePages && free > pages / 4;
      };
      if (!hasMuch()) return false;
      database.exec(`PRAGMA incremental_vacuum(${mostPages})`);
      return hasMuch();
    },
    openSnapshot: () => {
      const reader = new SnapshotReader(file);
      snapshots.set(++lastSnapshot, reader);
      return { id: lastSnapshot, revision: reader.revision, storeMs: reader.storeMs };
    },
    readSnapshot: (id) => snapshotOf(id).read(),
    closeSnapshot: (id) => {
      snapshotOf(id).close();
      snapshots.delete(id);
    },
    check: () => {
      verifyAll(database);
    },
    close: () => {
      for (const reader of snapshots.values()) reader.close();
      database.close();
      lock.release();
    },
  };
}

const troubleOfCode: Record<number, Trouble> = {
  5: 'in use', // SQLITE_BUSY
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  26: 'damaged', // SQLITE_NOTADB
  4874: 'full', // SQLITE_IOERR_SHMSIZE: no room for the file that is shared between connections
};

function failureOf(error: unknown): Failure {
  const { message, errcode = 0 } = error as Error & { errcode?: number };
  const trouble = troubleOfCode[errcode] ?? troubleOfCode[errcode & 0xff];
  if (error instanceof StoreDamaged) return { message, trouble: 'damaged' };
  if (error instanceof StoreInUse) return { message, trouble: 'in use' };
  return { message, trouble: trouble ?? 'other' };
}

function open(file: string, directory: string): { calls: Calls; opening: Opening } {
  const lock = DirectoryLock.take(directory);
  try {
    const database = openDatabase(file);
    return {
      calls: callsOf(database, file, lock),
      opening: { ...readCounter(database), index: verifyAll(database) },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function main(): void {
  const port = parentPort;
  if (!port) throw new Error('this is a worker');
  const greet = (greeting: Greeting) => port.postMessage(greeting);
  const { file, directory } = workerData as { file: string; directory: string };
  try {
    const { calls, opening } = open(file, directory);
    port.on('message', ({ id, call, argument }: Request) => {
      try {
        port.postMessage({ id, result: calls[call](argument as never) });
      } catch (error) {
        port.postMessage({ id, failure: failureOf(error) });
      }
      if (call === 'close') port.close();
    });
    greet({ opening });
  } catch (error) {
    greet({ failure: failureOf(error) });
    port.close();
  }
}

main();
