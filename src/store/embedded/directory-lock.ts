// That one process at a time has a directory of state: a lock of the kernel on a file in it, which goes with the process,
// however that ends. Node has no flock; an SQLite transaction that never ends holds one.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreInUse } from '../store.ts';

const sqliteBusy = 5;

export class DirectoryLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Throws StoreInUse when another has it. The directory must exist. */
  static take(directory: string): DirectoryLock {
    const database = new DatabaseSync(join(directory, 'lock'));
    try {
      database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
      throw new StoreInUse(`${directory} is in use by another server: stop that one first, or name another --data-dir`);
    }
    return new DirectoryLock(database);
  }

  release(): void {
    this.#database.close();
  }
}
