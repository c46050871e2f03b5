// pods/proxy, services/proxy and nodes/proxy: a request of any method is passed on to what listens in the cluster, and so is
// a connection that is upgraded. The way leads through the agent of the node: the master is not on the pods' network.
// Holds: nobody hears of the credentials by which the client was let in.
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls } from 'node:tls';
import { ServiceUnavailable, type StatusError } from '../../api/status.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { type AgentAccess, agentTarget } from '../agents.ts';
import type { Response } from '../http/send.ts';
import { refusalOf } from '../node-proxy.ts';
import type { RestRequest, RestVerb } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import { headOf, splice } from '../splice.ts';
import { cutProxyPath, passedAnswerHeaders, passedRequestHeaders, rewriteLocation } from './proxy-address.ts';
import { type ProxyTarget, proxyTarget } from './proxy-target.ts';

/** The beginning of an answer may be long in coming, as the work behind it may be; to be connected may not. */
const connectTimeoutMs = 10_000;

const verbs: Readonly<Record<string, RestVerb>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

export interface ProxiedRequest {
  asked: RestRequest;
  incoming: IncomingMessage;
  url: URL;
}

export interface ProxiedAnswer {
  response: Response;
  /** Aborted when the client has gone. */
  closed: AbortSignal;
}

export class ObjectProxy {
  readonly #access: AgentAccess;
  readonly #clock: Clock;

  constructor(access: AgentAccess, clock: Clock = systemClock) {
    this.#access = access;
    this.#clock = clock;
  }

  async serve(
    { asked, incoming, url }: ProxiedRequest,
    { response, closed }: ProxiedAnswer,
    rest: Rest,
  ): Promise<void> {
    authorize(asked, incoming, rest);
    const { before, behind } = cutProxyPath(url.pathname);
    if (behind === '') {
      response.writeHead(301, { location: `${before}/${url.search}` }).end();
      return;
    }
    const upstream = await this.#request({ asked, incoming, url }, rest, {});
    closed.addEventListener('abort', () => upstream.destroy(), { once: true });
    try {
      closed.throwIfAborted();
      // Who answers before he has heard all may close the door: the answer is what counts.
      pipeline(incoming, upstream).catch(() => {});
      const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
      const headers = passedAnswerHeaders(answer.headers);
      if (typeof headers.location === 'string') {
        const hosts = [String(upstream.getHeader('host')), ...hostsOf(incoming)];
        headers.location = rewriteLocation(headers.location, hosts, before);
      }
      response.writeHead(answer.statusCode ?? 502, headers);
      await pipeline(answer, response);
    } catch (error) {
      if (closed.aborted || response.headersSent) return;
      throw unreachable(error);
    } finally {
      upstream.destroy();
    }
  }

  /** Resolves when both sides are joined, or the other has answered that it does not like to be. */
  async join(proxied: ProxiedRequest, socket: Duplex, head: Buffer, rest: Rest): Promise<void> {
    const { asked, incoming } = proxied;
    authorize(asked, incoming, rest);
    const { connection = 'Upgrade', upgrade = '' } = incoming.headers;
    const upstream = await this.#request(proxied, rest, { connection, upgrade });
    socket.once('close', () => upstream.destroy());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    upstream.once('error', (error) => reject(unreachable(error)));
    upstream.once('response', (answer) => {
      socket.write(headOf(answer));
      pipeline(answer, socket).then(resolve, reject);
    });
    upstream.once('upgrade', (answer, otherSocket: Duplex, otherHead: Buffer) => {
      splice({ answer, client: socket, clientHead: head, other: otherSocket, otherHead });
      resolve();
    });
    upstream.end();
    await promise;
  }

  /** The request as it goes on, connected and with nothing sent of its body. */
  async #request(
    { asked, incoming, url }: ProxiedRequest,
    rest: Rest,
    more: Record<string, string>,
  ): Promise<ClientRequest> {
    const { kind, namespace, name = '' } = asked;
    const target = proxyTarget(rest.cache, { plural: kind.plural, namespace, name });
    const { before, behind } = cutProxyPath(url.pathname);
    const path = `${behind || '/'}${url.search}`;
    const headers = {
      ...passedRequestHeaders(incoming.headers),
      host: hostsOf(incoming)[0] ?? 'cluster',
      'x-forwarded-uri': `${before}${behind}`,
      'x-forwarded-for': [incoming.headers['x-forwarded-for'], incoming.socket.remoteAddress]
        .filter(Boolean)
        .join(', '),
      ...(hasBodyOfUnknownLength(incoming) && { 'transfer-encoding': 'chunked' }),
      ...more,
    };
    const { method } = incoming;
    if (target.isAgent) {
      const options = { ...agentTarget(rest.cache, target.nodeName, this.#access), method, path, headers };
      const request = httpsRequest(options).on('error', () => {}); // told by what is awaited
      const cancel = this.#clock.after(connectTimeoutMs, () => request.destroy(new Error('no connection in time')));
      request.once('close', cancel).once('socket', (socket) => socket.once('secureConnect', cancel));
      return request;
    }
    const stream = await this.#dial(target, rest);
    const createConnection = () => overTls(stream, target);
    // What pods answer is seldom to the letter of HTTP, and there is no second answer on this connection to be mistaken for.
    const request = httpRequest({ method, path, headers, createConnection, insecureHTTPParser: true });
    return request.on('error', () => stream.destroy());
  }

  /** A connection to an address on a node, made by its agent. */
  async #dial({ nodeName, host, port }: ProxyTarget & { isAgent: false }, rest: Rest): Promise<Duplex> {
    const options: RequestOptions = {
      ...agentTarget(rest.cache, nodeName, this.#access),
      path: `/dial/${host}/${port}`,
      headers: { connection: 'Upgrade', upgrade: 'tcp' },
    };
    const request = httpsRequest(options);
    const cancel = this.#clock.after(connectTimeoutMs, () => request.destroy(new Error('no connection in time')));
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
    request.once('error', reject);
    request.once('response', (answer) => void refusalOf(answer).then(reject, reject));
    request.once('upgrade', (_, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
    try {
      return await promise;
    } catch (error) {
      throw unreachable(error);
    } finally {
      cancel();
    }
  }
}

/** Whoever may do this to the subresource may do it to all that is behind. */
function authorize(asked: RestRequest, { method = '' }: IncomingMessage, rest: Rest): void {
  rest.authorize({ ...asked, verb: verbs[method] ?? (method.toLowerCase() as RestVerb), query: {} });
}

/** Pods have certificates of nobody in particular. */
function overTls(socket: Duplex, { scheme }: { scheme: 'http' | 'https' }): Duplex {
  return scheme === 'https' ? connectTls({ socket, rejectUnauthorized: false }) : socket;
}

/** The names by which the client knows the API. */
function hostsOf({ headers }: IncomingMessage): string[] {
  return [headers.host, headers[':authority']].flatMap((host) => (typeof host === 'string' ? [host] : []));
}

/** Whatever has a body says so: what is read as the next request must never be the end of this one. */
function hasBodyOfUnknownLength(incoming: IncomingMessage): boolean {
  const { headers, httpVersionMajor } = incoming;
  if (headers['content-length'] !== undefined) return false;
  const { stream } = incoming as unknown as Partial<Http2ServerRequest>;
  return httpVersionMajor === 2 ? stream?.endAfterHeaders === false : headers['transfer-encoding'] !== undefined;
}

function unreachable(error: unknown): StatusError {
  const why = error instanceof Error ? error.message : String(error);
  return new ServiceUnavailable(`error trying to reach service: ${why}`);
}
