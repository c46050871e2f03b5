// The worker that owns the database file: every commit is one durable SQLite transaction.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { Answer, Opening, Request, Row } from './protocol.ts';

const schema = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL, expires INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL);
  INSERT OR IGNORE INTO counter VALUES (0, 1);
`;

const sqliteBusy = 5;
const sqliteFull = 13;

function serve(database: DatabaseSync): (request: Request) => Row[] {
  const put = database.prepare(
    'INSERT INTO entries VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision, expires = excluded.expires',
  );
  const remove = database.prepare('DELETE FROM entries WHERE key = ?');
  const count = database.prepare('UPDATE counter SET revision = ?');
  const get = database.prepare('SELECT key, value, revision, expires FROM entries WHERE key = ?');
  const range = database.prepare(
    'SELECT key, value, revision, expires FROM entries WHERE key >= ? AND key < ? ORDER BY key',
  );

  const commit = (rows: Row[], revision: number) => {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const row of rows) {
        if (row.value === undefined) remove.run(row.key);
        else put.run(row.key, row.value, row.revision, row.expires);
      }
      count.run(revision);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };

  return (request) => {
    switch (request.type) {
      case 'commit':
        commit(request.rows, request.revision);
        return [];
      case 'get':
        return get.all(request.key) as unknown as Row[];
      case 'range':
        return range.all(request.from, request.to) as unknown as Row[];
      case 'close':
        database.close();
        return [];
    }
  };
}

/** SQLite's primary result code, without the extension in its upper bits. */
function sqliteCode(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

function main(): void {
  const port = parentPort;
  if (!port) throw new Error('this is a worker');
  const open = (): { database: DatabaseSync; opening: Opening } => {
    const database = new DatabaseSync(workerData.file as string);
    database.exec(schema);
    const index = database.prepare('SELECT key, revision, expires FROM entries').all() as never;
    const { revision } = database.prepare('SELECT revision FROM counter').get() as { revision: number };
    return { database, opening: { revision, index } };
  };
  try {
    const { database, opening } = open();
    const handle = serve(database);
    port.on('message', (request: Request) => {
      const answer = (): Answer => {
        try {
          return { id: request.id, rows: handle(request) };
        } catch (error) {
          const { message } = error as Error;
          return { id: request.id, error: { message, full: sqliteCode(error) === sqliteFull } };
        }
      };
      port.postMessage(answer());
      if (request.type === 'close') port.close();
    });
    port.postMessage(opening);
  } catch (error) {
    port.postMessage({ error: (error as Error).message, inUse: sqliteCode(error) === sqliteBusy } satisfies Opening);
    port.close();
  }
}

main();
