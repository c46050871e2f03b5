// wherry up: master and agent of one host, in one process.
import type { Command } from 'commander';
import { nodes } from '../api/kinds/node.ts';
import { isNotFound } from '../api/status.ts';
import type { Component } from '../base/component.ts';
import type { Kubeconfig } from '../pki/kubeconfig.ts';
import { asAdmin, readAdminKubeconfig } from './admin.ts';
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
      const admin = await readAdminKubeconfig(server.writeKubeconfig);
      if (await isNode(admin, agent.dataDir)) return;
      agent.token = await createJoinToken(admin, 600_000, "for the agent on the server's own host");
    },
  };
  return [...serverComponents(server), join, ...agentTable];
}

/** Whether this host has joined, and its Node was not deleted since: then its certificate is good. */
async function isNode(admin: Kubeconfig, agentDataDir: string): Promise<boolean> {
  const { keptNodeName } = await import('../node/identity.ts');
  const name = await keptNodeName(agentDataDir);
  if (name === undefined) return false;
  return await asAdmin(admin, (client) => client.get(nodes, { name })).then(
    () => true,
    (error: unknown) => {
      if (isNotFound(error)) return false;
      throw error;
    },
  );
}
