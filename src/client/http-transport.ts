// The API over HTTPS: one HTTP/2 connection for all requests and watches, made when needed and again after it broke.
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { errorFromStatus, ServiceUnavailable, type Status } from '../api/status.ts';
import { AsyncQueue } from '../base/async-queue.ts';
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
      return await objectIn(readAnswer(stream));
    } catch (error) {
      // A connection on which an answer is overdue may be dead at the other end: give it up, with the watches on it.
      if (timeout.aborted) await this.#drop();
      throw timeout.aborted ? new ServiceUnavailable(`${this.#options.server} did not answer in time`) : error;
    }
  }

  async *watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const path = pathOf({ ...request, query: { ...request.query, watch: 'true' } });
    const answer = readAnswer(await this.#open({ ':method': 'GET', ':path': path }, undefined, signal));
    const status = await answer.status;
    if (status !== 200) throw refusal(await wholeText(answer.chunks), status);
    let rest = '';
    for await (const chunk of answer.chunks) {
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

interface Answer {
  status: Promise<number>;
  chunks: AsyncQueue<string>;
}

/** Listens from the first moment, so that nothing of an answer that is over at once is missed. */
function readAnswer(stream: ClientHttp2Stream): Answer {
  const status = Promise.withResolvers<number>();
  const chunks = new AsyncQueue<string>();
  const fail = (error: unknown) => {
    status.reject(error);
    chunks.fail(error);
  };
  stream.setEncoding('utf8');
  stream.on('response', (headers) => status.resolve(headers[':status'] ?? 0));
  stream.on('data', (chunk: string) => chunks.push(chunk));
  stream.on('end', () => chunks.end());
  stream.on('error', fail);
  stream.on('close', () => fail(new ServiceUnavailable('the connection was closed before the answer was complete')));
  return { status: status.promise, chunks };
}

async function objectIn({ status, chunks }: Answer): Promise<unknown> {
  const code = await status;
  const text = await wholeText(chunks);
  if (code >= 300) throw refusal(text, code);
  return JSON.parse(text);
}

function refusal(text: string, httpCode: number): Error {
  try {
    return errorFromStatus(JSON.parse(text) as Partial<Status>, httpCode);
  } catch {
    return errorFromStatus({ message: text }, httpCode);
  }
}

async function wholeText(chunks: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  return text;
}
