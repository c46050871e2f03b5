// The API over HTTPS: one HTTP/2 connection for all requests and watches, made when needed and again after it broke.
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { errorFromStatus, ServiceUnavailable, type Status } from '../api/status.ts';
import type { Log } from '../base/log.ts';
import { pathOf } from './paths.ts';
import type { ApiRequest, Transport, Verb, WatchEvent, WatchRequest } from './transport.ts';

export interface HttpTransportOptions {
  server: string;
  /** The authority that the server must be certified by. Without one nothing is verified: for public bootstrap data only. */
  ca?: string;
  identity?: { certificate: string; key: string } | { token: string };
  log: Log;
  requestTimeoutMs?: number;
}

/** Asked of the socket beneath, so that a server that vanished is noticed. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 10_000 };

const methods: Record<Verb, string> = {
  get: 'GET',
  list: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
};

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  #session: Promise<ClientHttp2Session> | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  async request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    const timeout = AbortSignal.timeout(this.#options.requestTimeoutMs ?? 10_000);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const contentType = request.contentType ?? 'application/json';
    const headers = {
      ':method': methods[request.verb],
      ':path': pathOf(request),
      ...(body && { 'content-type': contentType }),
    };
    try {
      const stream = await this.#open(headers, body, signal ? AbortSignal.any([signal, timeout]) : timeout);
      return await answerOf(stream);
    } catch (error) {
      // A connection on which an answer is overdue may be dead at the other end: give it up, with the watches on it.
      if (timeout.aborted) await this.#drop();
      throw timeout.aborted ? new ServiceUnavailable(`${this.#options.server} did not answer in time`) : error;
    }
  }

  async *watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const path = pathOf({ ...request, query: { ...request.query, watch: 'true' } });
    const stream = await this.#open({ ':method': 'GET', ':path': path }, undefined, signal);
    const [headers] = await responseHeaders(stream);
    if (headers[':status'] !== 200) throw await refusal(stream, headers[':status'] ?? 0);
    let rest = '';
    for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const event = JSON.parse(line) as WatchEvent | { type: 'ERROR'; object: Partial<Status> };
        if (event.type === 'ERROR') throw errorFromStatus(event.object, 500);
        yield event;
      }
    }
  }

  /** This host's end of the connection: the address by which the server's network reaches it. */
  async localAddress(): Promise<string> {
    const session = await this.#connected();
    const address = (session.socket as TLSSocket).localAddress;
    if (!address) throw new ServiceUnavailable(`the connection to ${this.#options.server} broke`);
    return address;
  }

  async close(): Promise<void> {
    await this.#drop();
  }

  async #open(
    headers: Record<string, string>,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<ClientHttp2Stream> {
    signal.throwIfAborted();
    const session = await this.#connected();
    const { identity } = this.#options;
    const authorization = identity && 'token' in identity ? { authorization: `Bearer ${identity.token}` } : {};
    const stream = session.request(
      { accept: 'application/json', ...authorization, ...headers },
      { endStream: body === undefined, signal },
    );
    if (body !== undefined) stream.end(body);
    return stream;
  }

  #connected(): Promise<ClientHttp2Session> {
    this.#session ??= this.#connect().catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  async #connect(): Promise<ClientHttp2Session> {
    const { server, ca, identity, log } = this.#options;
    const session = http2.connect(server, {
      ...(ca ? { ca } : { rejectUnauthorized: false }),
      ...(identity && 'key' in identity && { cert: identity.certificate, key: identity.key }),
      ...keepAlive,
    });
    const forget = () => {
      this.#session = undefined;
    };
    session.once('close', forget).once('goaway', forget);
    session.on('error', (error) => log.debug('connection broke', { server, error }));
    await once(session, 'connect');
    return session;
  }

  async #drop(): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    this.#session = undefined;
    session?.destroy();
  }
}

type ResponseHeaders = { ':status'?: number | undefined };

/** Rejects too when the stream is closed before it answered. */
function responseHeaders(stream: ClientHttp2Stream): Promise<[ResponseHeaders]> {
  const { promise, resolve, reject } = Promise.withResolvers<[ResponseHeaders]>();
  stream.once('response', (headers) => resolve([headers]));
  stream.on('error', reject);
  stream.once('close', () => reject(new ServiceUnavailable('the connection was closed before an answer came')));
  return promise;
}

async function answerOf(stream: ClientHttp2Stream): Promise<unknown> {
  const [headers] = await responseHeaders(stream);
  const status = headers[':status'] ?? 0;
  if (status >= 300) throw await refusal(stream, status);
  return JSON.parse(await textOf(stream));
}

async function refusal(stream: ClientHttp2Stream, httpCode: number): Promise<Error> {
  const text = await textOf(stream);
  try {
    return errorFromStatus(JSON.parse(text) as Partial<Status>, httpCode);
  } catch {
    return errorFromStatus({ message: text }, httpCode);
  }
}

async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}
