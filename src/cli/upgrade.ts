// wherry upgrade: another version in place of the one that runs; a master with a backup before, and the way back until it is found well.
import type { Command } from 'commander';
import { type AdminFlags, adminFlags, backupDirFlag, dataDirFlag, withFlags } from './options.ts';
import { logFor } from './run.ts';

export function addUpgradeCommand(program: Command): void {
  withFlags(program.command('upgrade').argument('<file>', 'the bundle of the other version, as a .tar.gz'), [
    dataDirFlag,
    backupDirFlag,
    ...adminFlags,
  ])
    .summary('put another version in place of the one that runs here')
    .description(
      `Put the version of a bundle in place of the one that this host's services run. A master is backed up first; it takes no writes until
the new version is found well, and else the former program and state take its place again. Pods go on all the time. Upgrade the
master first, then nodes: versions one minor apart work together. Broken off, it may be called again.`,
    )
    .action(async (file: string, flags: AdminFlags & { dataDir: string; backupDir?: string }) => {
      const { upgradeHost } = await import('./upgrade-host.ts');
      await upgradeHost(file, { ...flags, log: logFor({}).named('upgrade') });
    });
}
