// wherry up: master and agent of one host, in one process.
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Component } from '../base/component.ts';
import { readFileIfThere } from '../base/files.ts';
import { readAdminKubeconfig } from './admin.ts';
import { type AgentFlags, agentFlags, agentOptions } from './agent.ts';
import { commonFlags, withFlags } from './options.ts';
import { logFor, runUntilSignal } from './run.ts';
import { type ServerFlags, serverFlags, serverOptions } from './server.ts';
import { createJoinToken } from './token.ts';

export function addUpCommand(program: Command): void {
  withFlags(program.command('up'), [...commonFlags, ...serverFlags, ...agentFlags])
    .summary('run master and agent on this host')
    .description(
      `Run master and agent on this host, in one process: a cluster of one node, to which others may be joined with
\`wherry token create\` here and \`wherry agent\` there. Needs root and Docker Engine; \`wherry check\` tells what is missing.`,
    )
    .action(async (flags: ServerFlags & AgentFlags) => {
      const log = logFor(flags);
      await runUntilSignal((fail) => upComponents(flags, fail), log);
    });
}

async function upComponents(flags: ServerFlags & AgentFlags, fail: (error: Error) => void): Promise<Component[]> {
  const { serverComponents } = await import('../server.ts');
  const { agentComponents } = await import('../agent.ts');
  const server = serverOptions(flags, fail);
  const url = `https://${server.advertiseAddress}:${server.httpsPort}`;
  const agent = await agentOptions(flags, { server: url, token: undefined, log: logFor(flags), fail });
  const agentTable = agentComponents(agent);
  const join: Component = {
    name: 'join token',
    start: async () => {
      if (await hasJoined(agent.dataDir)) return;
      const admin = await readAdminKubeconfig(server.writeKubeconfig);
      agent.token = await createJoinToken(admin, 600_000, "for the agent on the server's own host");
    },
  };
  return [...serverComponents(server), join, ...agentTable];
}

async function hasJoined(agentDataDir: string): Promise<boolean> {
  return (await readFileIfThere(join(agentDataDir, 'pki/client.pem'))) !== undefined;
}
