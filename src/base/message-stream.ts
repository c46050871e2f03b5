// A byte stream over a connection that carries messages, as a WebSocket: bytes are binary messages, and a text says that
// nothing more comes from this side. Each direction ends by itself, and who reads slowly is waited for.
import { Duplex } from 'node:stream';

/** What is needed of a WebSocket. */
export interface MessageSocket {
  on(event: 'message', heard: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'close', heard: () => void): unknown;
  on(event: 'error', heard: (error: Error) => void): unknown;
  send(data: Uint8Array | string, options: { binary: boolean }, sent: (error?: Error) => void): void;
  pause(): void;
  resume(): void;
  close(): void;
  terminate(): void;
}

const nothingMore = 'end';

export class MessageStream extends Duplex {
  readonly #socket: MessageSocket;

  constructor(socket: MessageSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.push(null);
      else if (!this.push(data)) socket.pause();
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => {
      const isOver = this.readableEnded && this.writableFinished;
      this.destroy(isOver ? undefined : Object.assign(new Error('the tunnel broke'), { code: 'ECONNRESET' }));
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.send(nothingMore, { binary: false }, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error) this.#socket.terminate();
    else this.#socket.close();
    done(error);
  }
}
