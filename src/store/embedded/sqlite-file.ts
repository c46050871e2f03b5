// The database file: how it is opened, what is in it, and whether that is what was written. Each row carries a checksum,
// because SQLite itself notices damage to its own structure only.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { StoreDamaged } from '../store.ts';
import type { Row } from './protocol.ts';

const formatVersion = 1;

const schema = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  BEGIN;
  CREATE TABLE entries (
    key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL, expires INTEGER, checksum INTEGER NOT NULL
  );
  CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL, store_ms INTEGER NOT NULL);
  INSERT INTO counter VALUES (0, 1, 0);
  PRAGMA user_version = ${formatVersion};
  COMMIT;
`;

/** Opens the file to write to, whole or not at all; makes it where there is none. */
export function openDatabase(file: string): DatabaseSync {
  if (!existsSync(file)) createDatabase(file, () => {});
  // Only ever renamed into place when complete, so that an empty one has lost what was in it.
  if (statSync(file).size === 0) throw new StoreDamaged(`${file} is empty`);
  const database = openDurable(file);
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version === formatVersion) return database;
  if (version > formatVersion) {
    database.close();
    throw new Error(`it has format ${version} and this program reads format ${formatVersion}: run a newer version`);
  }
  createDatabase(file, (fresh) => copyFirstFormat(database, fresh));
  return openDurable(file);
}

function openDurable(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = ${16 * 1024 * 1024};
  `);
  return database;
}

/** Makes the file beside, fills it, and lets it take the place of what is there. */
function createDatabase(file: string, fill: (database: DatabaseSync) => void): void {
  const part = `${file}.new`;
  for (const left of [part, `${part}-wal`, `${part}-shm`]) rmSync(left, { force: true });
  const database = new DatabaseSync(part);
  database.exec(schema);
  fill(database);
  database.close();
  renameSync(part, file);
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** The first version had neither checksums nor a time of its own: it said when a key vanishes by the clock on the wall. */
function copyFirstFormat(old: DatabaseSync, fresh: DatabaseSync): void {
  const insert = fresh.prepare(`INSERT INTO entries (${rowColumns}) VALUES (?, ?, ?, ?, ?)`);
  const nowMs = Date.now();
  fresh.exec('BEGIN');
  for (const found of old.prepare('SELECT key, value, revision, expires FROM entries').iterate()) {
    const { key, value, revision, expires } = found as unknown as Row & { value: string };
    const row = { key, value, revision, expires: expires === null ? null : Math.max(0, expires - nowMs) };
    insert.run(key, value, revision, row.expires, checksumOf(row));
  }
  const { revision } = old.prepare('SELECT revision FROM counter').get() as { revision: number };
  fresh.prepare('UPDATE counter SET revision = ?').run(revision);
  fresh.exec('COMMIT');
  // Its log goes with it: else the new file would be taken to have one.
  old.close();
}

export function checksumOf({ key, value = '', revision, expires }: Row): number {
  return crc32(value, crc32(`${key}\n${revision}\n${expires ?? ''}\n`));
}

export type StoredRow = Row & { checksum: number };
export const rowColumns = 'key, value, revision, expires, checksum';

/** The row without its checksum, once that has been found right. */
export function verified(stored: StoredRow): Row {
  const { checksum, ...row } = stored;
  if (checksum !== checksumOf(row)) throw new StoreDamaged(`the value of ${row.key} is not what was written`);
  return row;
}

export function readCounter(database: DatabaseSync): { revision: number; storeMs: number } {
  const counter = database.prepare('SELECT revision, store_ms AS storeMs FROM counter').get();
  if (!counter) throw new StoreDamaged('the revision counter is gone');
  return counter as { revision: number; storeMs: number };
}

/** Throws StoreDamaged unless every page and every row is as it was written. Answers the index of all keys. */
export function verifyAll(database: DatabaseSync): Omit<Row, 'value'>[] {
  const [first] = database.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[];
  if (first?.integrity_check !== 'ok') throw new StoreDamaged(first?.integrity_check ?? 'it cannot be checked');
  const newest = readCounter(database).revision;
  const index: Omit<Row, 'value'>[] = [];
  const rows = database.prepare(`SELECT ${rowColumns} FROM entries`).iterate() as Iterable<unknown>;
  for (const stored of rows) {
    const { key, revision, expires } = verified(stored as StoredRow);
    if (revision > newest) throw new StoreDamaged(`${key} is newer than the newest revision`);
    index.push({ key, revision, expires });
  }
  return index;
}
