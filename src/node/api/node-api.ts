// The agent's own API over TLS: who asks, whether he may, and which route answers.
// Holds: nothing of a route runs before its caller is known and permitted.
import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../../base/log.ts';
import type { CertificateAndKey } from '../../pki/certificate.ts';
import type { Callers } from './callers.ts';
import { type Call, matchRoute, Refusal, type Route, sendText } from './route.ts';

export interface NodeApiOptions {
  ca: string;
  serving: CertificateAndKey;
  callers: Callers;
  routes: readonly Route[];
  log: Log;
}

export class NodeApi {
  readonly #options: NodeApiOptions;
  readonly #server: Server;
  /** Upgraded connections are nobody's but ours to end. */
  readonly #upgraded = new Set<Duplex>();

  constructor(options: NodeApiOptions) {
    this.#options = options;
    const { ca, serving } = options;
    const tls = { ca, cert: serving.certificate, key: serving.key, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(tls, (request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
  }

  /** What the port shows from the next connection on. */
  renewServing(serving: CertificateAndKey): void {
    this.#server.setSecureContext({ ca: this.#options.ca, cert: serving.certificate, key: serving.key });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '0.0.0.0');
    await once(this.#server, 'listening');
  }

  /** A connection that came another way than to the port. */
  take(stream: Duplex): void {
    this.#server.emit('connection', stream);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { route, call } = await this.#admit(request);
      if (!route.answer) throw new Refusal(400, 'Upgrade request required');
      await route.answer(call, response);
    } catch (error) {
      this.#fail(response, error);
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => {}); // the client went away
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    try {
      const { route, call } = await this.#admit(request);
      if (!route.upgrade) throw new Refusal(400, 'this cannot be upgraded to another protocol');
      await route.upgrade(call, socket, head);
    } catch (error) {
      const response = new ServerResponse(request);
      response.assignSocket(socket as Socket);
      response.shouldKeepAlive = false;
      this.#fail(response, error);
      socket.end();
    }
  }

  async #admit(request: IncomingMessage): Promise<{ route: Route; call: Call }> {
    const { callers, routes } = this.#options;
    const method = request.method ?? '';
    const caller = await callers.identify(request.socket as TLSSocket, request.headers.authorization);
    const url = URL.parse(request.url ?? '/', 'https://agent');
    if (!url) throw new Refusal(400, 'the path of the request is malformed');
    await callers.authorize(caller, method, url.pathname);
    const { route, path } = matchRoute(routes, method, url.pathname);
    return { route, call: { request, path, query: url.searchParams } };
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Refusal ? error.code : 500;
    if (!(error instanceof Refusal)) this.#options.log.warn('a request failed', { error });
    sendText(response, code, message);
  }
}
