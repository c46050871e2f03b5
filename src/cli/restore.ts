// wherry restore: a backup becomes the state of the cluster again.
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { dataDirFlag, withFlags } from './options.ts';

export function addRestoreCommand(program: Command): void {
  withFlags(program.command('restore').argument('<file>', 'a file that `wherry backup` or the server itself wrote'), [
    dataDirFlag,
    new Option('--force', 'put the state that is there aside, and restore in its place'),
  ])
    .summary('bring a backup back')
    .description(
      `Make a backup the state of the server that starts next, on this machine or on a new one. Stop the server first.
Nothing is changed unless the whole backup is found right. Clients notice that time went back and read everything anew.`,
    )
    .action(async (file: string, { dataDir, force = false }: { dataDir: string; force?: boolean }) => {
      const { restoreBackup } = await import('../backup/restore-backup.ts');
      const serverDirectory = join(dataDir, 'server');
      const restored = await restoreBackup({ file, serverDirectory, replaces: force, nowMs: Date.now() });
      const { created, entries, revision, keptIn } = restored;
      if (keptIn) console.log(`What was there before is in ${keptIn}`);
      console.log(`Restored ${entries} entries of ${created}; revisions go on at ${revision}`);
    });
}
