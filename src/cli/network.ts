// wherry network: the pod network of this host.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { commonFlags, withFlags } from './options.ts';
import { logFor } from './run.ts';

export function addNetworkCommand(program: Command): void {
  const network = program
    .command('network')
    .summary('the pod network of this host')
    .description('The pod network of this host.');
  withFlags(network.command('clean'), commonFlags)
    .summary('take back all that the pod network put into this host')
    .description(
      `Take back all links, routes, rules and kernel settings that the pod network put into this host, and what it remembers of
addresses. Stop the agent first. Pods that still run are without network until it starts again. Safe to run twice.`,
    )
    .action(async (flags: { dataDir: string; verbose?: boolean }) => {
      const { refuseWhileNetworkIsUsed } = await import('../network/network-claim.ts');
      const { removeNetwork } = await import('../network/remove-network.ts');
      await refuseWhileNetworkIsUsed();
      const dataDir = join(flags.dataDir, 'agent');
      await removeNetwork({ dataDir, log: logFor(flags).named('network') });
      await rm(join(dataDir, 'network'), { recursive: true, force: true });
    });
}
