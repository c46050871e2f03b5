// wherry backup: the state of the cluster in one file.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { dataDirFlag, withFlags } from './options.ts';

export function addBackupCommand(program: Command): void {
  withFlags(program.command('backup').argument('[file]', 'where to write it (default: a new file in this folder)'), [
    dataDirFlag,
  ])
    .summary("take a backup of the cluster's state")
    .description(
      `Write all objects of the cluster, its authority and its keys into one file, which \`wherry restore\` brings back.
The server may run meanwhile. Keep the file safe: who has it has the cluster.`,
    )
    .action(async (file: string | undefined, { dataDir }: { dataDir: string }) => {
      const { stateDirectory, takeBackup } = await import('../backup/take-backup.ts');
      const { backupName } = await import('../backup/rolling-backups.ts');
      const { EmbeddedStore } = await import('../store/embedded/embedded-store.ts');
      const serverDirectory = join(dataDir, 'server');
      if (!existsSync(stateDirectory(serverDirectory)))
        throw new Error(`no server has its state in ${dataDir}: run this on the server's host, or name its --data-dir`);
      if (file !== undefined && existsSync(file))
        throw new Error(`${file} is there already: name another file, or remove it`);
      const nowMs = Date.now();
      const snapshot = EmbeddedStore.snapshotOf(stateDirectory(serverDirectory));
      const taken = await takeBackup({ serverDirectory, snapshot }, nowMs, (revision) =>
        resolve(file ?? backupName(nowMs, revision)),
      );
      console.log(`${taken.file}: ${taken.entries} entries at revision ${taken.revision}, ${taken.bytes} bytes`);
    });
}
