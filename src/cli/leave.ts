// wherry leave: this host is no node any more. The cluster is told first, with the node's own certificate; then the host is cleaned.
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { execute } from '../base/exec.ts';
import { removeAroundMounts } from '../base/folder-removal.ts';
import { agentDirectory, masterFlag } from './agent.ts';
import { cleanHost } from './clean-host.ts';
import { cgroupRootFlag, commonFlags, dockerSocketFlag, UsageError, withFlags } from './options.ts';
import { logFor } from './run.ts';

interface LeaveFlags {
  dataDir: string;
  dockerSocket: string;
  cgroupRoot: string;
  server?: string;
  force?: boolean;
  verbose?: boolean;
}

export function addLeaveCommand(program: Command): void {
  withFlags(program.command('leave'), [
    ...commonFlags,
    masterFlag,
    dockerSocketFlag,
    cgroupRootFlag,
    new Option('--force', 'leave though pods run here, or the master does not answer'),
  ])
    .summary('take this host out of its cluster')
    .description(
      `Take this host out of its cluster: its agent is stopped, its Node deleted, and its containers, network rules and keys removed. Drain it
first: kubectl drain NODE --ignore-daemonsets. The program stays; with a new token the host may join again, this cluster or another.`,
    )
    .action(async (flags: LeaveFlags) => {
      const { server, force = false } = flags;
      if (!server) throw new UsageError('whom to tell? Say --server https://ADDRESS:6443');
      const log = logFor(flags).named('leave');
      const { refuseWhileNetworkIsUsed } = await import('../network/network-claim.ts');
      const { NodeHere } = await import('./node-here.ts');
      const node = await NodeHere.find(agentDirectory(flags), server);
      try {
        if (!force) await node?.refuseWithPods();
        await stopAgent();
        await refuseWhileNetworkIsUsed();
        await node?.delete(force, log);
      } finally {
        await node?.close();
      }
      await cleanHost(flags, log);
      await removeAroundMounts(agentDirectory(flags));
      console.log('this host is no node any more');
    });
}

const unit = '/etc/systemd/system/wherry-agent.service';

/** Where it is a service. Any other one is refused further on, as long as it runs. */
async function stopAgent(): Promise<void> {
  if (existsSync(unit) && existsSync('/run/systemd/system'))
    await execute('systemctl', ['disable', '--now', 'wherry-agent.service'], { timeoutMs: 120_000 });
}
