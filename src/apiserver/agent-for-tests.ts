// What tests of the way to an agent need: an authority that certifies both ends, a node that tells where it listens, and
// servers that end with their test.
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Node } from '../api/kinds/node.ts';
import { createAuthority, openAuthority } from '../pki/authority.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import type { AgentAccess } from './agents.ts';

export interface BothEnds extends AgentAccess {
  /** Of the agent of node "one". */
  serving: CertificateAndKey;
}

export async function certifyBothEnds(): Promise<BothEnds> {
  const authority = openAuthority(await createAuthority('test'));
  return {
    ca: authority.certificatePem,
    identity: await authority.issue({ commonName: 'server' }, { usages: ['client'] }),
    serving: await authority.issue({ commonName: 'system:node:one', dnsNames: ['one'] }, { usages: ['server'] }),
  };
}

export async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export function nodeOneAt(agentPort: number): Node {
  return {
    metadata: { name: 'one' },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: agentPort } },
    },
  } as Node;
}
