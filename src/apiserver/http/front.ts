// The HTTPS port: HTTP/2 and HTTP/1.1 on one, who asks, what is asked, and the answer.
import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { BadRequest, NoSuchPath } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { CertificateAndKey } from '../../pki/certificate.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import { asksToImpersonate, headerLists, impersonated } from '../authn/impersonation.ts';
import { takeWebSocketToken } from '../authn/web-socket-token.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import type { Tunnels } from '../tunnels.ts';
import type { User } from '../user.ts';
import { sendError } from './answer.ts';
import type { Documents } from './documents.ts';
import { parseResourcePath, type ResourcePath } from './path.ts';
import type { Resources } from './resources.ts';
import { type ByteForm, byteFormOf, type Response } from './send.ts';

export interface FrontOptions {
  resources: Resources;
  documents: Documents;
  tunnels: Tunnels;
  authenticator: Authenticator;
  authorizer: Authorizer;
  serving: CertificateAndKey;
  clientCa: string;
  clock: Clock;
  log: Log;
}

/** Node's defaults for HTTP/2 would end the connections of busy API clients. */
const http2Settings = {
  settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 },
  maxSessionMemory: 1000,
  streamResetBurst: 100_000,
  streamResetRate: 10_000,
};

export class Front {
  readonly #options: FrontOptions;
  readonly #server: Http2SecureServer;
  readonly #sockets = new Set<TLSSocket>();
  readonly #stopping = new AbortController();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#server = createSecureServer({
      ...this.#secureContext(),
      requestCert: true,
      rejectUnauthorized: false,
      allowHTTP1: true,
      ...http2Settings,
    });
    Object.assign(this.#server, { keepAliveTimeout: 120_000, requestTimeout: 300_000, headersTimeout: 60_000 });
    this.#server.on('session', (session) => {
      session.on('error', () => session.destroy());
    });
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      // Node sees to this for its HTTP/1.1 servers only: an event shall not wait for the client to have acknowledged the one before.
      socket.setNoDelay(true);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('request', (request, response) => {
      // The compatibility layer's classes serve both protocols in the shape of HTTP/1.1.
      void this.#serve(request as unknown as IncomingMessage, response as unknown as Response);
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
  }

  /** What the port shows from the next connection on is what `serving` holds now. */
  renewServing(): void {
    this.#server.setSecureContext(this.#secureContext());
  }

  #secureContext() {
    const { serving, clientCa } = this.#options;
    return { key: serving.key, cert: serving.certificate, ca: clientCa, minVersion: 'TLSv1.2' } as const;
  }

  /** HTTP/1.1 only: whoever streams to a pod comes so. Until the agent has agreed, an error is an answer as any other. */
  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => {}); // the client went away
    try {
      const { url, user, path } = await this.#read(request);
      const { tunnels } = this.#options;
      if (tunnels.serves(url.pathname)) return await tunnels.accept({ user, url, incoming: request, socket, head });
      if (!path) throw new NoSuchPath();
      await this.#options.resources.upgrade({ request, url, path, user }, socket, head);
    } catch (error) {
      const response = new ServerResponse(request);
      response.assignSocket(socket as Socket);
      response.shouldKeepAlive = false;
      await sendError(response, error, byteFormOf(request), this.#options.log);
      socket.end();
    }
  }

  async listen(port: number, address: string): Promise<void> {
    this.#server.listen(port, address);
    await once(this.#server, 'listening');
  }

  /** Ends watches with their last words, lets running requests finish, then closes what is left. Node ends idle connections. */
  async close(graceMs = 2_000): Promise<void> {
    this.#stopping.abort();
    this.#options.tunnels.close();
    const closed = once(this.#server, 'close');
    this.#server.close();
    const cancel = this.#options.clock.after(graceMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    cancel();
  }

  async #serve(request: IncomingMessage, response: Response): Promise<void> {
    response.on('error', () => {}); // the client went away
    // Told once, and what waits for something may ask only later.
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    const form = byteFormOf(request);
    try {
      await this.#route(request, response, form, closed.signal);
    } catch (error) {
      await sendError(response, error, form, this.#options.log);
    }
  }

  async #route(request: IncomingMessage, response: Response, form: ByteForm, closed: AbortSignal): Promise<void> {
    const { authorizer, documents, resources } = this.#options;
    const { url, user, path } = await this.#read(request);
    const stopping = this.#stopping.signal;
    if (path) return await resources.serve({ request, response, closed, url, path, user, form, stopping });
    authorizer.authorize(user, { verb: request.method?.toLowerCase() ?? '', path: url.pathname });
    await documents.send(request, response, url, form);
  }

  /** Who asks, and where. */
  async #read(request: IncomingMessage): Promise<{ url: URL; user: User; path: ResourcePath | undefined }> {
    const { url: target = '/' } = request;
    // Proxies may name the whole address.
    const url = URL.parse(target.startsWith('/') ? `https://server${target}` : target);
    if (!url) throw new BadRequest('the path of the request is malformed');
    const user = await this.#userOf(request);
    const path = parseResourcePath(url.pathname);
    if (path === 'malformed') throw new NoSuchPath();
    return { url, user, path };
  }

  async #userOf(request: IncomingMessage): Promise<User> {
    const { authenticator, authorizer } = this.#options;
    const authorization = request.headers.authorization ?? takeWebSocketToken(request.headers);
    const user = await authenticator.authenticate(socketOf(request), authorization);
    return asksToImpersonate(request.headers) ? impersonated(user, headerLists(request.rawHeaders), authorizer) : user;
  }
}

/** Over HTTP/2 each request has a socket object of its own; the session's is the same for all its requests. */
function socketOf(request: IncomingMessage): TLSSocket {
  const { stream } = request as unknown as Partial<Http2ServerRequest>;
  return (stream?.session?.socket ?? request.socket) as TLSSocket;
}
