// The HTTPS port: HTTP/2 and HTTP/1.1 on one, who asks, what is asked, and the answer.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Kind } from '../../api/kinds/kind.ts';
import { BadRequest, MethodNotAllowed, NoSuchPath } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { CertificateAndKey } from '../../pki/certificate.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import { asksToImpersonate, headerLists, impersonated } from '../authn/impersonation.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import type { NodeProxy } from '../node-proxy.ts';
import { applyType } from '../rest/applies.ts';
import type { RestRequest, RestVerb } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import type { User } from '../user.ts';
import { type AnswerForm, sendAnswer, sendError, warningsOf } from './answer.ts';
import { decodeBody, mediaTypeOf, readBody } from './body.ts';
import type { Documents } from './documents.ts';
import { wantedOf } from './negotiation.ts';
import { parseResourcePath, type ResourcePath } from './path.ts';
import { type ByteForm, byteFormOf, type Response } from './send.ts';
import { sendWatch } from './watch-answer.ts';

export interface FrontOptions {
  rest: Rest;
  kinds: readonly Kind[];
  documents: Documents;
  authenticator: Authenticator;
  authorizer: Authorizer;
  nodeProxy: NodeProxy;
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
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #sockets = new Set<TLSSocket>();
  readonly #stopping = new AbortController();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
    this.#server = createSecureServer({
      key: options.serving.key,
      cert: options.serving.certificate,
      ca: options.clientCa,
      requestCert: true,
      rejectUnauthorized: false,
      allowHTTP1: true,
      minVersion: 'TLSv1.2',
      ...http2Settings,
    });
    Object.assign(this.#server, { keepAliveTimeout: 120_000, requestTimeout: 0, headersTimeout: 60_000 });
    this.#server.on('session', (session) => {
      session.on('error', () => session.destroy());
    });
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('request', (request, response) => {
      // The compatibility layer's classes serve both protocols in the shape of HTTP/1.1.
      void this.#serve(request as unknown as IncomingMessage, response as unknown as Response);
    });
  }

  async listen(port: number, address: string): Promise<void> {
    this.#server.listen(port, address);
    await once(this.#server, 'listening');
  }

  /** Ends watches with their last words, lets running requests finish, then closes what is left. Node ends idle connections. */
  async close(graceMs = 2_000): Promise<void> {
    this.#stopping.abort();
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
    const form = byteFormOf(request);
    try {
      await this.#route(request, response, form);
    } catch (error) {
      await sendError(response, error, form, this.#options.log);
    }
  }

  async #route(request: IncomingMessage, response: Response, form: ByteForm): Promise<void> {
    const url = URL.parse(`https://server${request.url ?? '/'}`);
    if (!url) throw new BadRequest('the path of the request is malformed');
    const user = await this.#userOf(request);
    const path = parseResourcePath(url.pathname);
    if (path === 'malformed') throw new NoSuchPath();
    if (path) return await this.#serveResource(request, response, url, path, user, form);
    this.#options.authorizer.authorize(user, { verb: request.method?.toLowerCase() ?? '', path: url.pathname });
    await this.#options.documents.send(request, response, url, form);
  }

  async #userOf(request: IncomingMessage): Promise<User> {
    const { authenticator, authorizer } = this.#options;
    const user = await authenticator.authenticate(socketOf(request), request.headers.authorization);
    return asksToImpersonate(request.headers) ? impersonated(user, headerLists(request.rawHeaders), authorizer) : user;
  }

  async #serveResource(
    request: IncomingMessage,
    response: Response,
    url: URL,
    path: ResourcePath,
    user: User,
    bytes: ByteForm,
  ): Promise<void> {
    const { rest, authorizer, nodeProxy, clock, log } = this.#options;
    const query = Object.fromEntries(url.searchParams);
    const contentType = mediaTypeOf(request.headers['content-type']);
    const { namespace, name, subresource } = path;
    const verb = verbOf(request.method, path, query);
    const kind = this.#kinds.get(`${path.group}/${path.version}/${path.plural}`);
    if (!kind) {
      authorizer.authorize(user, { verb, ...path, resource: path.plural });
      throw new NoSuchPath();
    }
    const warn = warningsOf(response);
    const userAgent = request.headers['user-agent'] ?? '';
    const said = { query, contentType, user, userAgent, warn };
    const restRequest: RestRequest = { verb, kind, namespace, name, subresource, ...said };
    if (kind.plural === 'pods' && subresource === 'log') return nodeProxy.sendLog(restRequest, response, rest);
    const form: AnswerForm = {
      kind,
      ...bytes,
      ...wantedOf(request.headers.accept, verb),
      includeObject: includeObjectOf(query.includeObject),
      nowMs: clock.now(),
    };
    if (verb === 'watch') return await sendWatch(response, restRequest, rest, form, clock, log, this.#stopping.signal);
    rest.authorize(restRequest);
    if (verb !== 'get' && verb !== 'list') {
      const bodyType = verb === 'patch' && contentType !== applyType ? 'application/json' : contentType;
      restRequest.body = await decodeBody(await readBody(request), bodyType);
    }
    await sendAnswer(response, await rest.handle(restRequest), form);
  }
}

/** Over HTTP/2 each request has a socket object of its own; the session's is the same for all its requests. */
function socketOf(request: IncomingMessage): TLSSocket {
  const { stream } = request as unknown as Partial<Http2ServerRequest>;
  return (stream?.session?.socket ?? request.socket) as TLSSocket;
}

function verbOf(
  method: string | undefined,
  { name, plural, subresource, isWatch }: ResourcePath,
  query: Record<string, string>,
): RestVerb {
  const isOne = name !== undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isWatch || query.watch === 'true' || query.watch === '1') {
        if (isOne) query.fieldSelector = `metadata.name=${name}`;
        return 'watch';
      }
      return isOne ? 'get' : 'list';
    case 'POST':
      // A name in the path of a new object is one too many, unless something of it is made.
      if (!isOne || subresource) return 'create';
      break;
    case 'PUT':
      if (isOne) return 'update';
      break;
    case 'PATCH':
      if (isOne) return 'patch';
      break;
    case 'DELETE':
      return isOne ? 'delete' : 'deletecollection';
  }
  throw new MethodNotAllowed(`the server does not allow ${method} on ${plural}`);
}

function includeObjectOf(value: string | undefined): AnswerForm['includeObject'] {
  if (value === undefined || value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw new BadRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`);
}
