// The way to the agents of nodes: to where they listen, or through the tunnel that one has opened; and how the server proves
// to them who it is.
import { once } from 'node:events';
import type { RequestOptions } from 'node:https';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { addressOf, type Node, nodes } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { BadRequest, NotFound, ServiceUnavailable } from '../api/status.ts';
import type { Clock } from '../base/clock.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import type { ObjectCache } from './object-cache.ts';
import type { Tunnels } from './tunnels.ts';

const reachWithinMs = 3_000;

export interface AgentAccess {
  /** The authority that certifies agents. */
  ca: string;
  /** The server's own client certificate, by which agents know it. */
  identity: CertificateAndKey;
  /** Those whose agents cannot be reached otherwise. */
  tunnels?: Pick<Tunnels, 'has' | 'connect'>;
}

/** A request to the agent of a node. */
export function agentTarget(
  cache: Pick<ObjectCache, 'get'>,
  nodeName: string,
  { ca, identity, tunnels }: AgentAccess,
): RequestOptions {
  const node = cache.get(nodes, undefined, nodeName)?.object as Node | undefined;
  if (!node) throw new NotFound({ group: '', resource: 'nodes', name: nodeName });
  const host = addressOf(node, 'InternalIP');
  const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port;
  if (!host || !port) throw new ServiceUnavailable(`node ${nodeName} has not said where its agent listens`);
  // The certificate must be this node's: an address may have been taken over by another host.
  const tls = { host, port, ca, key: identity.key, cert: identity.certificate, servername: nodeName };
  if (!tunnels?.has(nodeName)) return { ...tls, agent: false };
  return {
    ...tls,
    createConnection: ({ rejectUnauthorized = true }: RequestOptions, connected) => {
      tunnels.connect(nodeName).then(
        (socket) => connected(null, connectTls({ ...tls, socket, rejectUnauthorized })),
        (error: Error) => connected(error, new Duplex()),
      );
      return undefined;
    },
  };
}

/** Whether the agent of the node answers at its address, and proves to be it. */
export async function canReachAgent(
  cache: Pick<ObjectCache, 'get'>,
  nodeName: string,
  { ca, identity }: AgentAccess,
  clock: Clock,
): Promise<boolean> {
  const { agent: _, ...target } = agentTarget(cache, nodeName, { ca, identity });
  const socket = connectTls(target as ConnectionOptions);
  const cancel = clock.after(reachWithinMs, () => socket.destroy(new Error('no connection in time')));
  try {
    await once(socket, 'secureConnect');
    return true;
  } catch {
    return false;
  } finally {
    cancel();
    socket.destroy();
  }
}

/** The container of a pod that is meant: the one that is asked for, the only one but for init and debug containers, or the one the pod prefers. */
export function containerOf(pod: Pod, asked: string | undefined | null): string {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const names = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
  const { name } = pod.metadata;
  if (asked) {
    if (!names.includes(asked)) throw new BadRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  const only = containers.length === 1 ? containers[0]?.name : preferred;
  if (only === undefined || !names.includes(only)) {
    throw new BadRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
  }
  return only;
}
