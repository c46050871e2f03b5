// Who the agent is, its connection to the master, and what it has to know of its cluster.
import { mkdir } from 'node:fs/promises';
import type { Component } from '../base/component.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { ensureIdentity } from '../node/identity.ts';
import { ensureMembership } from '../node/membership.ts';
import type { AgentParts } from './agent-parts.ts';

export function joining(parts: AgentParts): Component {
  const { options, clock, log } = parts;
  const { server, dataDir, nodeIp } = options;
  let transport: HttpTransport | undefined;
  return {
    name: 'identity',
    start: async (signal) => {
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      // The token of `wherry up` is made only now.
      const identity = await ensureIdentity({ ...options, token: options.token, nodeIp, clock }, signal);
      const { ca } = identity;
      const made = new HttpTransport({ server, ca, identity, program: 'wherry-agent', log: log.named('client') });
      transport = made;
      parts.identity = identity;
      parts.client = new Client(made);
      parts.renewTransport = (renewed) => made.renew(renewed);
      const localAddress = () => made.localAddress();
      parts.localAddress = localAddress;
      parts.behindMs = () => made.behindMs;
      const serverAddress = () => made.serverAddress();
      const { client } = parts;
      parts.membership = await ensureMembership({ client, localAddress, serverAddress, nodeIp, dataDir, log });
    },
    stop: async () => transport?.close(),
  };
}
