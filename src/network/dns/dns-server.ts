// The sockets of the cluster's DNS: UDP and TCP on the DNS address, which is one of this host's bridge.
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../../base/log.ts';
import type { Carrier } from './forwarder.ts';
import { framed, takeMessages } from './tcp-messages.ts';

export interface DnsServerOptions {
  address: string;
  log: Log;
  /** Undefined where there is nothing to be said. */
  resolve(query: Buffer, carrier: Carrier): Promise<Buffer | undefined>;
}

const port = 53;
const idleTimeoutMs = 10_000;

export class DnsServer {
  readonly #options: DnsServerOptions;

  constructor(options: DnsServerOptions) {
    this.#options = options;
  }

  /** Resolves when it listens; ends with the signal. */
  async start(signal: AbortSignal): Promise<void> {
    const udp = this.#udp();
    const connections = new Set<Socket>();
    const tcp = this.#tcp(connections);
    signal.addEventListener('abort', () => {
      udp.close();
      tcp.close();
      for (const connection of connections) connection.destroy();
    });
    const { address } = this.#options;
    const listening = [once(udp, 'listening'), once(tcp, 'listening')];
    udp.bind({ port, address });
    tcp.listen({ port, host: address });
    await Promise.all(listening).catch((error: unknown) => {
      const hint = 'does another DNS server listen on all addresses of this host?';
      throw new Error(`port ${port} of ${address} cannot be listened on: ${hint}`, { cause: error });
    });
    for (const socket of [udp, tcp]) socket.on('error', (error) => this.#options.log.warn('DNS socket', { error }));
  }

  #udp(): UdpSocket {
    const socket = createSocket('udp4');
    return socket.on('message', (query, from) => void this.#serveUdp(socket, query, from));
  }

  #tcp(connections: Set<Socket>): Server {
    return createServer((connection) => {
      connections.add(connection);
      connection.once('close', () => connections.delete(connection));
      connection.on('error', () => connection.destroy());
      connection.setTimeout(idleTimeoutMs, () => connection.destroy());
      takeMessages(connection, (query) => void this.#serveTcp(connection, query));
    });
  }

  async #serveUdp(socket: UdpSocket, query: Buffer, from: RemoteInfo): Promise<void> {
    const response = await this.#respond(query, 'udp');
    // Who asked may be gone: that is not our trouble.
    if (response) socket.send(response, from.port, from.address, () => {});
  }

  async #serveTcp(connection: Socket, query: Buffer): Promise<void> {
    const response = await this.#respond(query, 'tcp');
    if (response && !connection.destroyed) connection.write(framed(response));
  }

  async #respond(query: Buffer, carrier: Carrier): Promise<Buffer | undefined> {
    try {
      return await this.#options.resolve(query, carrier);
    } catch (error) {
      this.#options.log.warn('a query could not be answered', { error });
      return undefined;
    }
  }
}
