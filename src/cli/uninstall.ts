// wherry uninstall: takes back what Wherry did to this host, step by step. Each step may find nothing left to do.
import { rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { removeAroundMounts } from '../base/folder-removal.ts';
import { cleanHost } from './clean-host.ts';
import {
  cgroupRootFlag,
  commonFlags,
  dockerSocketFlag,
  UsageError,
  withFlags,
  writeKubeconfigFlag,
} from './options.ts';
import { logFor } from './run.ts';
import { refuseWhileServerRuns } from './running-server.ts';

interface UninstallFlags {
  dataDir: string;
  dockerSocket: string;
  cgroupRoot: string;
  writeKubeconfig: string;
  yes?: boolean;
  keepData?: boolean;
  verbose?: boolean;
}

export function addUninstallCommand(program: Command): void {
  withFlags(program.command('uninstall'), [
    ...commonFlags,
    dockerSocketFlag,
    cgroupRootFlag,
    writeKubeconfigFlag,
    new Option('--yes', 'really remove everything'),
    new Option('--keep-data', 'leave what is on disk: the state, keys, backups and the kubeconfig'),
  ])
    .summary('take back all that Wherry did to this host')
    .description(
      "Remove this host's containers, network rules and all data of Wherry, its backups too. Stop Wherry first.",
    )
    .action(async (flags: UninstallFlags) => {
      if (!flags.yes)
        throw new UsageError(
          `this removes all pods of this host${flags.keepData ? '' : ` and everything in ${flags.dataDir}`}: say --yes to go on`,
        );
      const log = logFor(flags).named('uninstall');
      await refuseWhileServerRuns(flags.dataDir);
      const { refuseWhileNetworkIsUsed } = await import('../network/network-claim.ts');
      await refuseWhileNetworkIsUsed();
      await cleanHost(flags, log);
      if (flags.keepData) return log.info('kept the data', { directory: flags.dataDir });
      const mounted = await removeAroundMounts(flags.dataDir);
      await rm(flags.writeKubeconfig, { force: true });
      // The folder goes too, unless somebody else keeps something in it.
      await rmdir(dirname(flags.writeKubeconfig)).catch(() => {});
      log.info('removed all data', { directory: flags.dataDir, kubeconfig: flags.writeKubeconfig });
      if (mounted.length > 0) log.info('disks are mounted there, empty now: they stay', { mounted });
    });
}
