// wherry join: makes this host a node of a cluster, before its agent is started; or says within ten seconds why not.
import { mkdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { agentDirectory, joinFlags, nodeNameOf, placeFlags } from './agent.ts';
import { commonFlags, UsageError, withFlags } from './options.ts';
import { logFor } from './run.ts';

interface JoinFlags {
  dataDir: string;
  server?: string;
  token?: string;
  nodeName?: string;
  nodeIp?: string;
  verbose?: boolean;
}

export function addJoinCommand(program: Command): void {
  withFlags(program.command('join'), [...commonFlags, ...joinFlags, ...placeFlags])
    .summary('make this host a node, without starting it')
    .description(
      `Join this host to a master with a token: the host gets a certificate of its own, and \`wherry agent\` starts with that.
It ends within ten seconds, in success or in the reason and the way out. Who has joined already stays as he is.`,
    )
    .action(async (flags: JoinFlags) => {
      const { server, token, nodeIp } = flags;
      if (!server) throw new UsageError('to join needs a master: say --server https://ADDRESS:6443');
      const { ensureIdentity } = await import('../node/identity.ts');
      const dataDir = agentDirectory(flags);
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      const log = logFor(flags).named('join');
      const nodeName = await nodeNameOf(flags, log);
      const options = { server, token, nodeName, nodeIp, dataDir, clock: systemClock, log };
      await ensureIdentity(options, new AbortController().signal);
      console.log(`this host is the node ${nodeName} of ${server}`);
    });
}
