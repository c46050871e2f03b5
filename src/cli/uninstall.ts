// wherry uninstall: takes back what Wherry did to this host, step by step. Each step may find nothing left to do.
import { realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { readFileIfThere } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import {
  cgroupRootFlag,
  commonFlags,
  defaultKubeconfig,
  dockerSocketFlag,
  flag,
  UsageError,
  withFlags,
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
    flag('--write-kubeconfig <file>', "the administrator's kubeconfig", defaultKubeconfig),
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
      await removeContainers(flags, log);
      const { removeNetwork } = await import('../network/remove-network.ts');
      await removeNetwork({ dataDir: join(flags.dataDir, 'agent'), log });
      // First of all what belongs to others: a file server's folder that is mounted for a pod is not ours to empty.
      const { Mounter } = await import('../node/volumes/mounter.ts');
      await new Mounter().unmountBelow(await realpath(flags.dataDir).catch(() => flags.dataDir));
      if (flags.keepData) return log.info('kept the data', { directory: flags.dataDir });
      await rm(flags.dataDir, { recursive: true, force: true });
      await rm(flags.writeKubeconfig, { force: true });
      // The folder goes too, unless somebody else keeps something in it.
      await rmdir(dirname(flags.writeKubeconfig)).catch(() => {});
      log.info('removed all data', { directory: flags.dataDir, kubeconfig: flags.writeKubeconfig });
    });
}

async function removeContainers({ dataDir, dockerSocket, cgroupRoot }: UninstallFlags, log: Log): Promise<void> {
  const ca = await readFileIfThere(join(dataDir, 'agent/pki/ca.crt'));
  const { keptNodeName } = await import('../node/identity.ts');
  const node = await keptNodeName(join(dataDir, 'agent'));
  if (ca === undefined || node === undefined) {
    log.info('no agent has joined from this host: there are no containers');
    return;
  }
  const { DockerRuntime } = await import('../node/docker/docker-runtime.ts');
  const { ownerOf } = await import('../node/docker/owner.ts');
  const runtime = new DockerRuntime({ socketPath: dockerSocket, owner: ownerOf(ca, node), log });
  log.info('removed containers', { count: await runtime.removeAll() });
  const { groupPath, groupTreeFor } = await import('../node/resources/group-driver.ts');
  const { removeGroups } = await import('../node/resources/pod-groups.ts');
  await removeGroups(groupTreeFor(await runtime.groupDriver()), groupPath(cgroupRoot));
  const { LogLinks, usualLogDirectory } = await import('../node/log-links.ts');
  await new LogLinks({ folder: usualLogDirectory, log }).sweep();
}
