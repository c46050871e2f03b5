import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { StoreDamaged } from '../store.ts';
import { checksumOf, openDatabase, readCounter, verifyAll } from './sqlite-file.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wherry-file-'));
  file = join(directory, 'state.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

const row = { key: '/a', value: 'one', revision: 5, expires: null };

function withOneRow(): DatabaseSync {
  const database = openDatabase(file);
  const insert = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
  insert.run(row.key, row.value, row.revision, row.expires, checksumOf(row));
  database.exec('UPDATE counter SET revision = 5');
  return database;
}

test('a file of ours is opened again as it was', () => {
  withOneRow().close();
  const database = openDatabase(file);
  assert.deepEqual(verifyAll(database), [{ key: '/a', revision: 5, expires: null }]);
  database.close();
});

test('what is not as it was written is found, wherever it is', () => {
  for (const damage of [
    "UPDATE entries SET value = 'onf'",
    "UPDATE entries SET key = '/b'",
    'UPDATE entries SET revision = 4',
    'UPDATE entries SET expires = 9',
    'UPDATE counter SET revision = 4',
    'DELETE FROM counter',
  ]) {
    const database = withOneRow();
    verifyAll(database);
    database.exec(damage);
    assert.throws(() => verifyAll(database), StoreDamaged, damage);
    database.close();
    rmSync(file);
  }
});

test('an empty file is a lost one; half of one that was being made is begun anew', () => {
  writeFileSync(`${file}.new`, 'half');
  openDatabase(file).close();
  assert.ok(!existsSync(`${file}.new`));
  writeFileSync(file, '');
  assert.throws(() => openDatabase(file), StoreDamaged);
});

test('a file of a newer version is refused, one of the first version is brought up to date', () => {
  const old = new DatabaseSync(file);
  old.exec(`
    CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL, expires INTEGER) WITHOUT ROWID;
    CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL);
    INSERT INTO counter VALUES (0, 7);
    INSERT INTO entries VALUES ('/a', 'one', 5, NULL), ('/event', 'two', 6, ${Date.now() + 60_000});
  `);
  old.close();
  const database = openDatabase(file);
  const [a, event] = verifyAll(database);
  assert.deepEqual(a, { key: '/a', revision: 5, expires: null });
  assert.ok((event?.expires ?? 0) > 50_000 && (event?.expires ?? 0) <= 60_000);
  assert.deepEqual({ ...readCounter(database) }, { revision: 7, storeMs: 0 });
  database.exec('PRAGMA user_version = 2');
  database.close();
  assert.throws(() => openDatabase(file), /format 2 .* newer version/);
});
