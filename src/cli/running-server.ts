// Whether a server runs on a data directory: then it holds the lock of its state.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StoreInUse } from '../store/store.ts';

/** Throws StoreInUse when one does. */
export async function refuseWhileServerRuns(dataDir: string): Promise<void> {
  const { stateDirectory } = await import('../backup/take-backup.ts');
  const state = stateDirectory(join(dataDir, 'server'));
  if (!existsSync(state)) return;
  const { DirectoryLock } = await import('../store/embedded/directory-lock.ts');
  DirectoryLock.take(state).release();
}

export async function serverRuns(dataDir: string): Promise<boolean> {
  try {
    await refuseWhileServerRuns(dataDir);
    return false;
  } catch (error) {
    if (error instanceof StoreInUse) return true;
    throw error;
  }
}
