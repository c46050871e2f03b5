// The client's side of SPDY as Go's implementation has it, written down a second time for tests: headers are compressed by
// zlib itself, and answers are kept as they come.
import { type Duplex, duplexPair } from 'node:stream';
import { constants, createDeflate } from 'node:zlib';
import { type Frame, readFrames } from './frames.ts';
import { headerDictionary, withLength } from './header-block.ts';
import { SpdyConnection } from './spdy-connection.ts';
import type { SpdyStream } from './spdy-stream.ts';

export class TestClient {
  readonly transport: Duplex;
  readonly frames: Frame[] = [];
  readonly #deflate = createDeflate({ dictionary: headerDictionary });
  #heard: (() => void)[] = [];

  constructor(transport: Duplex) {
    this.transport = transport;
    void this.#read();
  }

  async #read(): Promise<void> {
    for await (const frame of readFrames(this.transport as AsyncIterable<Buffer>)) {
      this.frames.push(frame.type === 'data' ? { ...frame, bytes: Buffer.from(frame.bytes) } : frame);
      for (const heard of this.#heard.splice(0)) heard();
    }
  }

  /** Resolves with the first frame like that, now or later. */
  async frame(isIt: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(isIt);
      if (found) return found;
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    }
  }

  async headerBlock(headers: Record<string, string>): Promise<Buffer> {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(Object.keys(headers).length);
    const text = Buffer.concat([count, ...Object.entries(headers).flat().map(withLength)]);
    const pieces: Buffer[] = [];
    const keep = (piece: Buffer) => pieces.push(piece);
    this.#deflate.on('data', keep);
    this.#deflate.write(text);
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    this.#deflate.off('data', keep);
    return Buffer.concat(pieces);
  }

  async open(streamId: number, headers: Record<string, string>): Promise<void> {
    const block = await this.headerBlock(headers);
    this.transport.write(Buffer.concat([openHead(streamId, block.length), block]));
  }
}

export function openHead(streamId: number, blockLength: number): Buffer {
  const head = Buffer.alloc(18);
  head.writeUInt32BE(0x80030001, 0);
  head.writeUInt32BE(10 + blockLength, 4);
  head.writeUInt32BE(streamId, 8);
  return head;
}

/** Both sides over a pipe in memory. `ended` is how the server's side took it. */
export function joinedSides(onStream: (stream: SpdyStream) => void): {
  client: TestClient;
  server: SpdyConnection;
  ended: Promise<Error | undefined>;
} {
  const [near, far] = duplexPair();
  const server = new SpdyConnection(far, onStream);
  const ended = server.run().then(
    () => undefined,
    (error: Error) => error,
  );
  return { client: new TestClient(near.on('error', () => {})), server, ended };
}
