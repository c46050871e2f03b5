// What a server says whose state is damaged: which backup there is, and how to go back to it.
import { dirname } from 'node:path';
import { StoreDamaged } from '../store/store.ts';
import { listBackups, type RollingBackupOptions } from './rolling-backups.ts';

/** For the error of opening the store: one of damage is thrown again with the way out. */
export function adviseRestore(options: {
  dataDir: string;
  backups: RollingBackupOptions;
}): (error: unknown) => Promise<never> {
  return async (error) => {
    if (!(error instanceof StoreDamaged)) throw error;
    const [newest] = await listBackups(options.backups.directory);
    const found = newest ? `The newest backup is ${newest}` : `There is no backup in ${options.backups.directory}`;
    const command = `wherry restore --force --data-dir ${dirname(options.dataDir)} ${newest ?? 'FILE'}`;
    throw new StoreDamaged(
      `the cluster's state is damaged: ${error.message}. ${found}. Go back to it with: ${command}`,
      {
        cause: error,
      },
    );
  };
}
