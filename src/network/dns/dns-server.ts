// The sockets of the cluster's DNS: UDP and TCP on the DNS address, which is one of this host's bridge. They are opened here, or
// taken over from a program that goes.
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Responder, Response } from './responder.ts';
import type { Carrier } from './response.ts';
import { framed, takeMessages } from './tcp-messages.ts';

export interface DnsSockets {
  udp: UdpSocket;
  tcp: Server;
}

/** A response to somebody who asked by UDP. */
export interface Datagram {
  response: Buffer;
  port: number;
  address: string;
}

const dnsPort = 53;
/** What waits while the processor is busy elsewhere; the kernel gives less where it must. */
const receiveBytes = 4 * 2 ** 20;
const idleTimeoutMs = 10_000;
const mostConnections = 512;
const mostUnreadBytes = 2 ** 20;

export async function openSockets(address: string): Promise<DnsSockets> {
  const udp = createSocket({ type: 'udp4', recvBufferSize: receiveBytes });
  const tcp = createServer();
  const listening = [once(udp, 'listening'), once(tcp, 'listening')];
  udp.bind({ port: dnsPort, address });
  tcp.listen({ port: dnsPort, host: address });
  try {
    await Promise.all(listening);
  } catch (error) {
    closeSockets({ udp, tcp });
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    const hint = 'does another DNS server listen on all addresses of this host?';
    throw new Error(`port ${dnsPort} of ${address} cannot be listened on (${why}): ${hint}`, { cause: error });
  }
  return { udp, tcp };
}

function closeSockets({ udp, tcp }: DnsSockets): void {
  // One that has never been opened has nothing to close.
  try {
    udp.close();
  } catch {}
  tcp.close();
}

export interface DnsServerOptions {
  sockets: DnsSockets;
  responder: Pick<Responder, 'respond'>;
  onFault(error: unknown): void;
}

export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #connections = new Set<Socket>();
  #send: (datagram: Datagram) => void;
  #underway = 0;
  #idle = () => {};

  constructor(options: DnsServerOptions) {
    this.#options = options;
    const { udp, tcp } = options.sockets;
    // Who asked may be gone: that is not our trouble.
    this.#send = ({ response, port, address }) => udp.send(response, port, address, () => {});
    tcp.maxConnections = mostConnections;
    udp.on('message', (query, from) => this.#serveUdp(query, from));
    tcp.on('connection', (connection) => this.#serveConnection(connection));
    for (const socket of [udp, tcp]) socket.on('error', (error) => options.onFault(error));
  }

  get sockets(): DnsSockets {
    return this.#options.sockets;
  }

  send(datagram: Datagram): void {
    this.#send(datagram);
  }

  /**
   * Takes no more questions. Who has asked is still answered, by way of another holder of the sockets; resolves when that is
   * done, and when the last connection has ended.
   */
  async leave(send: (datagram: Datagram) => void): Promise<void> {
    this.#send = send;
    closeSockets(this.#options.sockets);
    const ends = [...this.#connections].map((connection) => once(connection, 'close').catch(() => {}));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    if (this.#underway === 0) resolve();
    await Promise.all([promise, ...ends]);
  }

  close(): void {
    closeSockets(this.#options.sockets);
    for (const connection of this.#connections) connection.destroy();
  }

  #serveUdp(query: Buffer, { port, address }: RemoteInfo): void {
    this.#serve(query, 'udp', (response) => this.#send({ response, port, address }));
  }

  #serveConnection(connection: Socket): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    connection.on('error', () => connection.destroy());
    connection.setTimeout(idleTimeoutMs, () => connection.destroy());
    takeMessages(connection, (query) => {
      this.#serve(query, 'tcp', (response) => {
        // Who asks and does not listen.
        if (connection.writableLength > mostUnreadBytes) connection.destroy();
        else if (connection.writable) connection.write(framed(response));
      });
    });
  }

  #serve(query: Buffer, carrier: Carrier, give: (response: Buffer) => void): void {
    try {
      const response = this.#options.responder.respond(query, carrier);
      if (Buffer.isBuffer(response)) give(response);
      else if (response !== undefined) void this.#serveLater(response, give);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  async #serveLater(coming: Promise<Response>, give: (response: Buffer) => void): Promise<void> {
    this.#underway++;
    try {
      const response = await coming;
      if (response) give(response);
    } catch (error) {
      this.#options.onFault(error);
    } finally {
      if (--this.#underway === 0) this.#idle();
    }
  }
}
