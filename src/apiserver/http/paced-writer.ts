// Writes pieces to a client as fast as it reads. What is there at the beginning waits unmade, however much it is; of what
// comes after that only so much may wait.
import type { Response } from './send.ts';

/** As much is made and written at once. */
const chunkBytes = 256 * 1024;
/** A client that lets this much lie unread is cut off: it lists again when it can keep up. */
const unreadBytesAtMost = 16 * 1024 * 1024;

interface Piece {
  make: () => Buffer;
  /** Counted while it waits. */
  bytes: number;
}

export class PacedWriter {
  readonly #response: Response;
  readonly #closed: AbortSignal;
  readonly #fail: (error: unknown) => void;
  #waiting: Piece[] = [];
  #waitingBytes = 0;
  #isStarted = false;
  #isScheduled = false;
  #isBlocked = false;

  /** Nothing is made once `closed` is aborted, as nobody reads it. What cannot be made is told to `fail`. */
  constructor(response: Response, closed: AbortSignal, fail: (error: unknown) => void) {
    this.#response = response;
    this.#closed = closed;
    this.#fail = fail;
  }

  /** Writes the piece in its turn. */
  write(make: () => Buffer): void {
    if (!this.#isStarted) {
      this.#waiting.push({ make, bytes: 0 });
      return;
    }
    const made = make();
    this.#waiting.push({ make: () => made, bytes: made.length });
    this.#waitingBytes += made.length;
    if (this.#waitingBytes > unreadBytesAtMost) return void this.#response.destroy();
    // All pieces of one turn leave in one write.
    if (!this.#isScheduled) queueMicrotask(() => this.#flush());
    this.#isScheduled = true;
  }

  /** Writes what was there at the beginning, once the answer has its head. */
  start(): void {
    this.#isStarted = true;
    this.#flush();
  }

  /** Ends the answer. What the client did not make room for is left out, from somewhere on. */
  end(): void {
    this.#flush();
    this.#waiting = [];
    this.#response.end();
  }

  #flush(): void {
    this.#isScheduled = false;
    try {
      while (this.#waiting.length > 0 && !this.#isBlocked && !this.#closed.aborted) this.#writeChunk();
    } catch (error) {
      this.#fail(error);
    }
  }

  #writeChunk(): void {
    const chunk: Buffer[] = [];
    let length = 0;
    for (const { make, bytes } of this.#waiting) {
      if (length >= chunkBytes) break;
      const made = make();
      chunk.push(made);
      length += made.length;
      this.#waitingBytes -= bytes;
    }
    this.#waiting.splice(0, chunk.length);
    if (this.#response.write(Buffer.concat(chunk, length))) return;
    this.#isBlocked = true;
    this.#response.once('drain', () => {
      this.#isBlocked = false;
      this.#flush();
    });
  }
}
