// Several streams over one WebSocket: each message begins with the number of its channel, as a byte, or as a digit before
// base64 text. A reader who is slow slows the whole connection; the client is told meanwhile that we are still there.
import type { IncomingMessage } from 'node:http';
import { type Duplex, Readable, Writable } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../base/clock.ts';
import { Refusal } from './route.ts';

/** What Kubernetes takes, too. */
const longestMessageBytes = 32 * 1024 * 1024;

/** The connection is paused, and the client told which protocol it is; throws the refusal when there is none in common. */
export async function upgradeToWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  ours: readonly string[],
): Promise<WebSocket> {
  const asked = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const agreed = ours.find((name) => asked.includes(name));
  if (agreed === undefined)
    throw new Refusal(
      403,
      `requested protocol(s) are not supported: [${asked.join(' ')}]; supports [${ours.filter(Boolean).join(' ')}]`,
    );
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => agreed,
    perMessageDeflate: false,
    maxPayload: longestMessageBytes,
  });
  const { promise, resolve } = Promise.withResolvers<WebSocket>();
  // What is no proper handshake the server answers by itself.
  server.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on('error', () => {}); // its close tells
    // The first message may have come with the request, and nobody listens yet.
    webSocket.pause();
    resolve(webSocket);
  });
  return promise;
}

export interface ChannelsOptions {
  isBase64: boolean;
  /** The client may end one of its channels by itself. */
  canEnd: boolean;
  clock: Clock;
}

/** Ends the channel whose number follows. */
const endSignal = 255;
const digitZero = 48;
const normalClosure = 1000;
const keptBytes = 256 * 1024;
/** Clients hang up when they hear nothing for a minute. */
const pongIntervalMs = 20_000;

export class WebSocketChannels {
  readonly #webSocket: WebSocket;
  readonly #options: ChannelsOptions;
  readonly #readables = new Map<number, Readable>();
  /** Channels with more than they want to keep. */
  readonly #full = new Set<number>();
  #stopPongs: (() => void) | undefined;

  constructor(webSocket: WebSocket, options: ChannelsOptions) {
    this.#webSocket = webSocket;
    this.#options = options;
    webSocket.on('message', (data: RawData) => this.#receive(data as Buffer));
    webSocket.once('close', () => {
      this.#stopPongs?.();
      for (const readable of this.#readables.values()) readable.destroy();
    });
    webSocket.resume();
  }

  readable(channel: number): Readable {
    const readable = new Readable({ highWaterMark: keptBytes, read: () => this.#wants(channel) });
    readable.on('error', () => {});
    readable.once('close', () => this.#wants(channel));
    this.#readables.set(channel, readable);
    return readable;
  }

  writable(channel: number): Writable {
    const writable = new Writable({
      highWaterMark: keptBytes,
      write: (bytes: Buffer, _, done) => this.#webSocket.send(this.#message(channel, bytes), (error) => done(error)),
    });
    return writable.on('error', () => {});
  }

  /** What has been written still arrives. */
  close(): void {
    this.#webSocket.close(normalClosure);
  }

  #receive(data: Buffer): void {
    const { isBase64, canEnd } = this.#options;
    const [first] = data;
    if (first === undefined) return;
    const channel = isBase64 ? first - digitZero : first;
    const bytes = isBase64 ? Buffer.from(data.toString('latin1', 1), 'base64') : data.subarray(1);
    if (canEnd && channel === endSignal) {
      this.#readables.get(bytes[0] ?? -1)?.push(null);
      return;
    }
    const readable = this.#readables.get(channel);
    if (!readable || readable.destroyed || readable.readableEnded || bytes.length === 0) return;
    if (!readable.push(bytes)) this.#isFull(channel);
  }

  #message(channel: number, bytes: Buffer): Buffer | string {
    return this.#options.isBase64
      ? `${channel}${bytes.toString('base64')}`
      : Buffer.concat([Buffer.from([channel]), bytes]);
  }

  #isFull(channel: number): void {
    this.#full.add(channel);
    if (this.#webSocket.isPaused) return;
    this.#webSocket.pause();
    // While nothing is read, no ping is answered.
    const pong = () => {
      this.#webSocket.pong();
      this.#stopPongs = this.#options.clock.after(pongIntervalMs, pong);
    };
    this.#stopPongs = this.#options.clock.after(pongIntervalMs, pong);
  }

  #wants(channel: number): void {
    if (!this.#full.delete(channel) || this.#full.size > 0) return;
    this.#stopPongs?.();
    this.#webSocket.resume();
  }
}
