// The API over HTTPS: one HTTP/2 connection for all requests and watches, made when needed and again after it broke.
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { errorFromStatus, ServiceUnavailable, type Status, StatusError } from '../api/status.ts';
import { programVersion } from '../api/version.ts';
import { AsyncQueue } from '../base/async-queue.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { pathOf } from './paths.ts';
import type { ApiRequest, Transport, Verb, WatchEvent, WatchRequest } from './transport.ts';

export interface HttpTransportOptions {
  server: string;
  /** The authority that the server must be certified by. Without one nothing is verified: for public bootstrap data only. */
  ca?: string;
  identity?: { certificate: string; key: string } | { token: string };
  log: Log;
  /** As what the server notes who writes. */
  program?: string;
  /** How long nothing may come of an answer, and how long connecting may take before it. */
  requestTimeoutMs?: number;
  clock?: Clock;
}

/** Of a request that is sent away because the server has too much to do. */
const triesAtMost = 10;

/** A session from its first moment, so that one that never gets ready can be given up, and its socket with it. */
interface Connection {
  session: ClientHttp2Session;
  socket: TLSSocket;
  ready: Promise<void>;
}

/** Asked of the socket beneath, so that a server that vanished is noticed. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 10_000 };
/** Node's default would break off some of many large requests at once. */
const maxSessionMemory = 1000;

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
  #identity: HttpTransportOptions['identity'];
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #connection: Connection | undefined;
  #isClosed = false;
  #behindMs: number | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#timeoutMs = options.requestTimeoutMs ?? 10_000;
    this.#clock = options.clock ?? systemClock;
  }

  /** A server that has too much to do says when to come again. */
  async request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#requestOnce(request, signal);
      } catch (error) {
        const seconds = error instanceof StatusError && error.code === 429 && error.details?.retryAfterSeconds;
        if (!seconds || tries === triesAtMost) throw error;
        // Not all of those who were sent away at once.
        await this.#clock.sleep(seconds * 1000 * (0.5 + Math.random()), signal);
      }
    }
  }

  async #requestOnce(request: ApiRequest, signal: AbortSignal | undefined): Promise<unknown> {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const contentType = request.contentType ?? 'application/json';
    const headers = {
      ':method': methods[request.verb],
      ':path': pathOf(request),
      ...(body && { 'content-type': contentType }),
    };
    signal?.throwIfAborted();
    const connection = this.#connected();
    // One that is never aborted costs little; a signal of AbortSignal's own timeout is aborted long after the answer, too.
    const overdue = new AbortController();
    let cancelTimeout = () => {};
    // Answers may be long and ways narrow: whoever goes on telling is there.
    const expectMore = () => {
      cancelTimeout();
      cancelTimeout = this.#clock.after(this.#timeoutMs, () => overdue.abort());
    };
    expectMore();
    try {
      const end = signal ? AbortSignal.any([signal, overdue.signal]) : overdue.signal;
      const stream = await this.#open(connection, headers, body, end);
      stream.on('data', expectMore);
      return await objectIn(readAnswer(stream));
    } catch (error) {
      if (!overdue.signal.aborted) throw error;
      // A connection on which an answer is overdue may be dead at the other end: give it up, with the watches on it.
      this.#drop(connection);
      throw new ServiceUnavailable(`${this.#options.server} did not answer in time`);
    } finally {
      cancelTimeout();
    }
  }

  async *watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const path = pathOf({ ...request, query: { ...request.query, watch: 'true' } });
    signal.throwIfAborted();
    const stream = await this.#open(this.#connected(), { ':method': 'GET', ':path': path }, undefined, signal);
    try {
      yield* eventsIn(readAnswer(stream));
    } finally {
      // Who leaves the loop early wants no more: the server would go on sending for ever.
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
  }

  /** This host's end of the connection: the address by which the server's network reaches it. */
  async localAddress(): Promise<string> {
    const { session, ready } = this.#connected();
    await ready;
    const address = (session.socket as TLSSocket).localAddress;
    if (!address) throw new ServiceUnavailable(`the connection to ${this.#options.server} broke`);
    return address;
  }

  /** The server's end of it, as this host sees it. */
  async serverAddress(): Promise<{ address: string; port: number }> {
    const { session, ready } = this.#connected();
    await ready;
    const { remoteAddress: address, remotePort: port } = session.socket as TLSSocket;
    if (!address || !port) throw new ServiceUnavailable(`the connection to ${this.#options.server} broke`);
    return { address, port };
  }

  /** How far this host's clock was behind the server's at its last answer, to a second; undefined before the first. */
  get behindMs(): number | undefined {
    return this.#behindMs;
  }

  /** Who asks from now on is this one. What is under way, watches too, goes on to its end as before. */
  renew(identity: NonNullable<HttpTransportOptions['identity']>): void {
    this.#identity = identity;
    const before = this.#connection;
    if (!before) return;
    this.#forget(before);
    before.ready.then(() => before.session.close()).catch(() => {});
  }

  /** For good: who asks later is refused, lest a connection made anew keeps the process alive. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#connection) this.#drop(this.#connection);
  }

  async #open(
    { session, ready }: Connection,
    headers: Record<string, string>,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<ClientHttp2Stream> {
    await beforeAbort(ready, signal);
    const { program = 'wherry' } = this.#options;
    const identity = this.#identity;
    const authorization = identity && 'token' in identity ? { authorization: `Bearer ${identity.token}` } : {};
    const stream = session.request(
      {
        accept: 'application/json',
        'user-agent': `${program}/${programVersion} (${process.platform}/${process.arch})`,
        ...authorization,
        ...headers,
      },
      { endStream: body === undefined, signal },
    );
    stream.once('response', ({ date }) => this.#noteTime(date));
    if (body !== undefined) stream.end(body);
    return stream;
  }

  #noteTime(date: string | undefined): void {
    // Told in whole seconds: on average half of one is left out.
    const told = Date.parse(date ?? '') + 500;
    if (!Number.isNaN(told)) this.#behindMs = told - this.#clock.now();
  }

  #connected(): Connection {
    if (this.#isClosed) throw new ServiceUnavailable(`the connection to ${this.#options.server} was closed`);
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Connection {
    const { server, ca, log } = this.#options;
    const identity = this.#identity;
    const { hostname, port } = new URL(server);
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(port || 443),
      ...(isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ['h2'],
      ...(ca ? { ca } : { rejectUnauthorized: false }),
      ...(identity && 'key' in identity && { cert: identity.certificate, key: identity.key }),
      ...keepAlive,
    });
    const session = http2.connect(server, { createConnection: () => socket, maxSessionMemory });
    const ready = Promise.withResolvers<void>();
    ready.promise.catch(() => {}); // nobody waits any more when all who asked have given up
    const connection = { session, socket, ready: ready.promise };
    const cancel = this.#clock.after(this.#timeoutMs, () => {
      ready.reject(new ServiceUnavailable(`${server} cannot be connected to in time`));
      this.#drop(connection);
    });
    session.once('connect', () => {
      cancel();
      ready.resolve();
    });
    session.on('error', (error) => {
      log.debug('connection broke', { server, error });
      ready.reject(error);
    });
    session.once('close', () => {
      cancel();
      this.#forget(connection);
      ready.reject(new ServiceUnavailable(`the connection to ${server} broke`));
    });
    session.once('goaway', () => this.#forget(connection));
    return connection;
  }

  #drop(connection: Connection): void {
    this.#forget(connection);
    connection.session.destroy();
    // Of one that is being connected to the session leaves it to the kernel, which gives up after minutes.
    connection.socket.destroy();
  }

  /** One that ends late leaves its successor alone. */
  #forget(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }
}

/** What the work gives, unless the signal is aborted first. */
async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
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
  // A stream of a connection that breaks off or is given up may end as if all were said, before an answer or in its midst.
  let isBegun = false;
  let isComplete = false;
  stream.setEncoding('utf8');
  stream.on('response', (headers) => {
    isBegun = true;
    status.resolve(headers[':status'] ?? 0);
  });
  stream.on('data', (chunk: string) => chunks.push(chunk));
  stream.on('end', () => {
    isComplete = isBegun && !stream.destroyed;
    if (isComplete) chunks.end();
  });
  stream.on('error', fail);
  stream.on('close', () => {
    if (!isComplete) fail(new ServiceUnavailable('the connection was closed before the answer was complete'));
  });
  return { status: status.promise, chunks };
}

async function* eventsIn(answer: Answer): AsyncIterable<WatchEvent> {
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
