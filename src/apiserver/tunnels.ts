// Nodes that the master cannot reach by their address reach the master: an agent keeps a WebSocket open by which it is told
// to come, and comes with a new one for each stream. Over that stream the master speaks TLS with the agent as over any
// connection, so that neither has to trust the tunnel.
//
//   GET /wherry/tunnel        the agent waits to be told; with ?if=unreachable it is sent away where it can be reached
//   GET /wherry/tunnel/ID     one stream, for which the master has asked under this id
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { Forbidden, NoSuchPath, ServiceUnavailable } from '../api/status.ts';
import { reachableCode, tunnelPath } from '../api/tunnel.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { MessageStream } from '../base/message-stream.ts';
import { nodeNameOf, type User } from './user.ts';

export interface TunnelsOptions {
  /** Whether the agent of the node answers at its address. */
  canReach(nodeName: string): Promise<boolean>;
  clock: Clock;
  log: Log;
}

export interface TunnelRequest {
  user: User;
  url: URL;
  incoming: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

interface Awaited {
  nodeName: string;
  come(stream: Duplex): void;
}

const comesWithinMs = 10_000;
/** Who has not answered a ping until the next one is gone. */
const pingMs = 20_000;

export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #waiting = new Map<string, WebSocket>();
  readonly #awaited = new Map<string, Awaited>();
  #server: Promise<WebSocketServer> | undefined;

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#waiting.size;
  }

  has(nodeName: string): boolean {
    return this.#waiting.has(nodeName);
  }

  serves(pathname: string): boolean {
    return pathname === tunnelPath || pathname.startsWith(`${tunnelPath}/`);
  }

  /** A stream to the agent of the node, as if it had been connected to. */
  async connect(nodeName: string): Promise<Duplex> {
    const { clock } = this.#options;
    const id = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
    const cancel = clock.after(comesWithinMs, () =>
      reject(new ServiceUnavailable(`the agent of node ${nodeName} did not come through its tunnel in time`)),
    );
    this.#awaited.set(id, { nodeName, come: resolve });
    this.#waiting.get(nodeName)?.send(JSON.stringify({ open: id }));
    try {
      return await promise;
    } finally {
      cancel();
      this.#awaited.delete(id);
    }
  }

  async accept({ user, url, incoming, socket, head }: TunnelRequest): Promise<void> {
    const nodeName = nodeNameOf(user);
    if (nodeName === undefined) throw new Forbidden({ group: '', resource: '' }, 'tunnels are for nodes');
    const id = url.pathname.slice(tunnelPath.length + 1);
    const awaited = this.#awaited.get(id);
    if (id && awaited?.nodeName !== nodeName) throw new NoSuchPath();
    this.#server ??= import('ws').then(
      ({ WebSocketServer }) => new WebSocketServer({ noServer: true, perMessageDeflate: false }),
    );
    const server = await this.#server;
    const webSocket = await new Promise<WebSocket>((resolve) => server.handleUpgrade(incoming, socket, head, resolve));
    webSocket.on('error', () => {}); // told by its end
    if (awaited) awaited.come(new MessageStream(webSocket));
    else if (url.searchParams.get('if') !== 'unreachable') this.#wait(nodeName, webSocket);
    else if (await this.#options.canReach(nodeName)) webSocket.close(reachableCode);
    else this.#wait(nodeName, webSocket);
  }

  /** Agents come again by themselves. */
  close(): void {
    for (const webSocket of this.#waiting.values()) webSocket.terminate();
  }

  #wait(nodeName: string, webSocket: WebSocket): void {
    const { clock, log } = this.#options;
    if (webSocket.readyState !== webSocket.OPEN) return;
    this.#waiting.get(nodeName)?.terminate();
    this.#waiting.set(nodeName, webSocket);
    log.info('a node is reached through its tunnel', { node: nodeName });
    let isAlive = true;
    webSocket.on('pong', () => {
      isAlive = true;
    });
    let cancel = () => {};
    const ping = () => {
      if (!isAlive) {
        webSocket.terminate();
        return;
      }
      isAlive = false;
      webSocket.ping();
      cancel = clock.after(pingMs, ping);
    };
    ping();
    webSocket.once('close', () => {
      cancel();
      if (this.#waiting.get(nodeName) === webSocket) this.#waiting.delete(nodeName);
    });
  }
}
