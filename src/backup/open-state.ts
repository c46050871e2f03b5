// Opens the state of a server that starts, or says what is wrong with it and how to go back to a backup. An empty state is made only
// where there never was one: a cluster that comes up empty would be emptied by its own controllers.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../base/log.ts';
import { EmbeddedStore } from '../store/embedded/embedded-store.ts';
import { StoreDamaged } from '../store/store.ts';
import { restoringDirectory } from './restore-backup.ts';
import { listBackups, type RollingBackupOptions } from './rolling-backups.ts';
import { keysDirectory, stateDirectory } from './take-backup.ts';
import { finishReturn } from './upgrade-hold.ts';

export interface StateOptions {
  log: Log;
  /** The server's own folder below the data directory. */
  dataDir: string;
  backups: RollingBackupOptions;
  /** Called when the engine has ended by itself: nothing can be written any more. */
  onLost(error: Error): void;
}

export async function openState(options: StateOptions): Promise<EmbeddedStore> {
  const { dataDir, log, onLost } = options;
  const state = stateDirectory(dataDir);
  try {
    finishReturn(dataDir);
    if (!existsSync(dataDir) && existsSync(restoringDirectory(dataDir)))
      throw new StoreDamaged(`a restore into ${dataDir} was interrupted`);
    // The keys are made after the state: where they are, there was one.
    if (existsSync(keysDirectory(dataDir)) && !EmbeddedStore.isIn(state))
      throw new StoreDamaged(`${state} has lost its state`);
    return await EmbeddedStore.open(state, { log: log.named('store'), onLost });
  } catch (error) {
    throw error instanceof StoreDamaged ? await withAdvice(error, options) : error;
  }
}

async function withAdvice(error: StoreDamaged, { dataDir, backups }: StateOptions): Promise<StoreDamaged> {
  const [newest] = await listBackups(backups.directory);
  const found = newest ? `The newest backup is ${newest}` : `There is no backup in ${backups.directory}`;
  const command = `wherry restore --force --data-dir ${dirname(dataDir)} ${newest ?? 'FILE'}`;
  const message = `the cluster's state is damaged: ${error.message}. ${found}. Go back to it with: ${command}`;
  return new StoreDamaged(message, { cause: error });
}
