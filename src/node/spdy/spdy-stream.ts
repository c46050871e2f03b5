// One stream of a connection, opened by the other side: both directions end by themselves. What is written waits for the
// connection to take it; what arrives is kept up to a bound, and then the connection waits for the reader.
import { Duplex } from 'node:stream';
import type { Headers } from './header-block.ts';

/** What a stream needs of its connection. */
export interface StreamSender {
  send(streamId: number, bytes: Buffer, options: { isLast: boolean }, done: (error?: Error | null) => void): void;
  consumed(streamId: number, bytes: number): void;
  closed(stream: SpdyStream, end: { isClean: boolean }): void;
}

const keptBytes = 256 * 1024;
const windowBytes = 64 * 1024;

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly #sender: StreamSender;
  #wanted: (() => void) | undefined;
  #unacknowledged = 0;
  #hasHeardAll = false;
  #hasSaidAll = false;

  constructor(id: number, headers: Headers, sender: StreamSender) {
    super({ readableHighWaterMark: keptBytes, writableHighWaterMark: keptBytes });
    this.id = id;
    this.headers = headers;
    this.#sender = sender;
    // Whoever cares listens as well; a stream that breaks off must not end the agent.
    this.on('error', () => {});
  }

  /** Resolves when there is room for more. */
  async receive(bytes: Buffer, { isLast }: { isLast: boolean }): Promise<void> {
    if (this.destroyed || this.#hasHeardAll) return;
    let hasRoom = true;
    if (bytes.length > 0) {
      hasRoom = this.push(bytes);
      this.#acknowledge(bytes.length);
    }
    if (isLast) {
      this.#hasHeardAll = true;
      this.push(null);
    } else if (!hasRoom) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wanted = resolve;
      await promise;
    }
  }

  /** Tells the other side, now and then, that it may go on: half its window at a time. */
  #acknowledge(bytes: number): void {
    this.#unacknowledged += bytes;
    if (this.#unacknowledged < windowBytes / 2) return;
    this.#sender.consumed(this.id, this.#unacknowledged);
    this.#unacknowledged = 0;
  }

  /** The other side, or the whole connection, has given it up. */
  breakOff(reason: Error): void {
    this.#hasHeardAll = true;
    this.#hasSaidAll = true;
    this.destroy(reason);
  }

  override _read(): void {
    this.#wanted?.();
    this.#wanted = undefined;
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#sender.send(this.id, bytes, { isLast: false }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#hasSaidAll = true;
    this.#sender.send(this.id, Buffer.alloc(0), { isLast: true }, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read();
    this.#sender.closed(this, { isClean: this.#hasHeardAll && this.#hasSaidAll });
    done(error);
  }
}
