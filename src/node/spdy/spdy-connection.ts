// The server's side of a SPDY/3.1 connection over any byte stream.
// Holds: frames are handled one after the other, and the next one is not read before the last has been taken: a reader who
// is slow slows the sender by the transport, and memory stays bounded. Nothing is held back for the other side's flow
// windows: Go's implementation never opens them, so whoever honoured them would stop after 64 kB.
import type { Duplex } from 'node:stream';
import {
  dataHead,
  type Frame,
  goAwayFrame,
  longestDataBytes,
  pingFrame,
  readFrames,
  replyFrame,
  resetCodes,
  resetFrame,
  SpdyFault,
  windowUpdateFrame,
} from './frames.ts';
import { emptyHeaders, HeaderReader } from './header-block.ts';
import { SpdyStream, type StreamSender } from './spdy-stream.ts';

/** A hundred forwarded connections are two hundred streams. */
const mostStreams = 4096;

export class SpdyConnection implements StreamSender {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #headers = new HeaderReader();
  #lastStreamId = 0;
  #hasReplied = false;

  /** A stream is told of when the other side knows that it is open; what the function throws refuses it. */
  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
    transport.on('error', () => {}); // its end is what counts
  }

  /** Resolves when the other side is gone or was told that we go. Throws SpdyFault when it breaks the protocol. */
  async run(): Promise<void> {
    let reason: Error = new Error('the connection was closed');
    try {
      const source = this.#transport.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const frame of readFrames(source)) await this.#handle(frame);
    } catch (error) {
      if (error instanceof SpdyFault) {
        this.#write(goAwayFrame(this.#lastStreamId, 1));
        this.#transport.end();
        reason = error;
        throw error;
      }
      // A transport that breaks is the end as well.
    } finally {
      for (const stream of this.#streams.values()) stream.breakOff(reason);
      this.#headers.close();
    }
  }

  /** What has been written still arrives; what comes from now on is read and left. */
  close(): void {
    this.#write(goAwayFrame(this.#lastStreamId, 0));
    this.#transport.end();
  }

  async #handle(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'data':
        await this.#streams.get(frame.streamId)?.receive(frame.bytes, frame);
        return;
      case 'open':
        await this.#open(frame);
        return;
      case 'headers':
        // Nothing comes of them, but the next block is compressed by this one.
        await this.#headers.read(frame.headers);
        if (frame.isLast) await this.#streams.get(frame.streamId)?.receive(Buffer.alloc(0), frame);
        return;
      case 'reset':
        this.#streams.get(frame.streamId)?.breakOff(new Error('the other side has reset the stream'));
        return;
      case 'ping':
        // Even ones would be answers to ours.
        if (frame.id % 2 === 1) this.#write(pingFrame(frame.id));
        return;
      default:
    }
  }

  async #open({ streamId, headers: block, isLast }: Frame & { type: 'open' }): Promise<void> {
    const headers = await this.#headers.read(block);
    if (streamId % 2 === 0 || streamId <= this.#lastStreamId)
      throw new SpdyFault(`stream ${streamId} cannot be opened after stream ${this.#lastStreamId}`);
    this.#lastStreamId = streamId;
    if (this.#transport.writableEnded) return;
    if (this.#streams.size >= mostStreams) {
      this.#write(resetFrame(streamId, resetCodes.refused));
      return;
    }
    const stream = new SpdyStream(streamId, headers, this);
    this.#streams.set(streamId, stream);
    try {
      this.#onStream(stream);
    } catch (error) {
      stream.destroy(error as Error);
      return;
    }
    this.#write(replyFrame(streamId, emptyHeaders({ isFirst: !this.#hasReplied })));
    this.#hasReplied = true;
    if (isLast) await stream.receive(Buffer.alloc(0), { isLast });
  }

  send(streamId: number, bytes: Buffer, options: { isLast: boolean }, done: (error?: Error | null) => void): void {
    if (!this.#isOpen()) {
      done(new Error('the connection was closed'));
      return;
    }
    const now = bytes.subarray(0, longestDataBytes);
    const later = bytes.subarray(longestDataBytes);
    this.#transport.cork();
    this.#transport.write(dataHead(streamId, now.length, { isLast: options.isLast && later.length === 0 }));
    this.#transport.write(now, later.length === 0 ? done : undefined);
    this.#transport.uncork();
    if (later.length > 0) this.send(streamId, later, options, done);
  }

  consumed(streamId: number, bytes: number): void {
    this.#write(windowUpdateFrame(streamId, bytes));
    this.#write(windowUpdateFrame(0, bytes));
  }

  closed(stream: SpdyStream, { isClean }: { isClean: boolean }): void {
    this.#streams.delete(stream.id);
    if (!isClean) this.#write(resetFrame(stream.id, resetCodes.cancel));
  }

  #isOpen(): boolean {
    return !this.#transport.destroyed && !this.#transport.writableEnded;
  }

  #write(frame: Buffer): void {
    if (this.#isOpen()) this.#transport.write(frame);
  }
}
