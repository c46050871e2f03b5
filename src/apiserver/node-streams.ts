// pods/exec, attach and portforward: a connection that is upgraded on both sides, to the client and to the agent of the pod's
// node. The bytes go through as they are: only the agent reads the streaming protocols.
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Pod } from '../api/kinds/pod.ts';
import { BadRequest, NoSuchPath, ServiceUnavailable } from '../api/status.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { type AgentAccess, agentTarget, containerOf } from './agents.ts';
import { beginningOf, refusalOf } from './node-proxy.ts';
import type { RestRequest } from './rest/request.ts';
import type { Rest } from './rest/rest.ts';
import { splice } from './splice.ts';

/** A client's connection that waits to be upgraded. */
export interface Upgrade {
  incoming: IncomingMessage;
  socket: Duplex;
  /** What the client has sent after its request. */
  head: Buffer;
  query: URLSearchParams;
}

export const streamingSubresources: readonly string[] = ['exec', 'attach', 'portforward'];

/** Names of the streams, as clients and as agents write them. */
const streamNames = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };

const answerTimeoutMs = 10_000;

/** What the agent must know of the client's wish to change the protocol. */
const passedOn = /^(upgrade|connection|sec-websocket-.*|x-stream-protocol-version)$/;

export class NodeStreams {
  readonly #access: AgentAccess;
  readonly #clock: Clock;

  constructor(access: AgentAccess, clock: Clock = systemClock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** Resolves when both sides are joined; throws what the client shall be told instead. */
  async join(request: RestRequest, rest: Rest, { incoming, socket, head, query }: Upgrade): Promise<void> {
    rest.authorize(request);
    const pod = rest.find({ ...request, subresource: undefined }).object as Pod;
    const path = pathOnAgent(request, pod, query);
    const { nodeName } = pod.spec;
    if (!nodeName) throw new BadRequest(`pod ${pod.metadata.name} does not have a host assigned`);
    const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => passedOn.test(name)));
    const target = agentTarget(rest.cache, nodeName, this.#access);
    const upstream = httpsRequest({ ...target, path, method: incoming.method, headers });
    const cancel = this.#clock.after(answerTimeoutMs, () => upstream.destroy(new Error('it did not answer in time')));
    socket.once('close', () => upstream.destroy());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    upstream.once('error', (error) =>
      reject(
        new ServiceUnavailable(`error trying to reach the agent at ${target.host}:${target.port}: ${error.message}`),
      ),
    );
    upstream.once('response', (answer) => void passOnRefusal(answer, socket).then(resolve, reject));
    upstream.once('upgrade', (answer, agentSocket: Duplex, agentHead: Buffer) => {
      splice({ answer, client: socket, clientHead: head, other: agentSocket, otherHead: agentHead });
      resolve();
    });
    upstream.end();
    await promise.finally(cancel);
  }
}

function pathOnAgent({ subresource }: RestRequest, pod: Pod, query: URLSearchParams): string {
  const { namespace, name } = pod.metadata;
  if (subresource === 'portforward') return `/portForward/${namespace}/${name}?${query}`;
  if (subresource !== 'exec' && subresource !== 'attach') throw new NoSuchPath();
  const container = containerOf(pod, query.get('container'));
  if (subresource === 'exec' && !query.has('command'))
    throw new BadRequest('you must specify at least one command for the container');
  const search = new URLSearchParams();
  for (const part of query.getAll('command')) search.append('command', part);
  for (const [name, onAgent] of Object.entries(streamNames)) {
    if (['true', '1'].includes(query.get(name) ?? '')) search.set(onAgent, '1');
  }
  return `/${subresource}/${namespace}/${name}/${container}?${search}`;
}

/** What the agent refuses the client reads as it stands, as from Kubernetes; but its credentials are not what the agent judged. */
async function passOnRefusal(answer: IncomingMessage, socket: Duplex): Promise<void> {
  const { statusCode = 500, statusMessage } = answer;
  if (statusCode < 400 || statusCode === 401 || statusCode === 403) throw await refusalOf(answer);
  const text = await beginningOf(answer);
  const lines = [
    `HTTP/1.1 ${statusCode} ${statusMessage}`,
    'Content-Type: text/plain; charset=utf-8',
    'Connection: close',
  ];
  socket.end([...lines, `Content-Length: ${Buffer.byteLength(text)}`, '', text].join('\r\n'));
}
