// Asks other nodes whether packets come to their pod networks and back, and answers those that ask. One socket, on the node's own
// address in its pod network, does both: what passes here passes the same way as packets of pods.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../../base/clock.ts';
import { reachPort } from '../owned-names.ts';

const [question, answer] = [0x3f, 0x21];
/** The kind and a number that nobody guesses. */
const leastBytes = 9;
const withinMs = 1_000;
/** Who can forge packets asks by as many names as he likes. */
const mostHeard = 1_000;

export class ReachEcho {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #asked = new Map<string, () => void>();
  readonly #heardMs = new Map<string, number>();

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('message', (message, { address, port }) => this.#hear(message, address, port));
    // Errors are of single packets: who asks sees that no answer comes.
    socket.on('error', () => {});
  }

  static async open(address: string, clock: Clock, signal: AbortSignal): Promise<ReachEcho> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true, signal });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('error', reject);
    socket.bind(reachPort, address, resolve);
    await promise;
    socket.off('error', reject);
    return new ReachEcho(socket, clock);
  }

  /** Whether a packet of so many bytes, its headers included, comes to the node of this address there and another one back. */
  async ask(address: string, packetBytes: number, signal: AbortSignal): Promise<boolean> {
    const message = randomBytes(Math.max(leastBytes, packetBytes - 28));
    message[0] = question;
    const key = keyOf(address, message);
    const answered = Promise.withResolvers<boolean>();
    this.#asked.set(key, () => answered.resolve(true));
    this.#socket.send(message, reachPort, address, (error) => error && answered.resolve(false));
    const end = new AbortController();
    const late = this.#clock.sleep(withinMs, AbortSignal.any([signal, end.signal])).then(() => false);
    late.catch(() => {});
    try {
      return await Promise.race([answered.promise, late]);
    } finally {
      end.abort();
      this.#asked.delete(key);
    }
  }

  /** Whether it has asked in so many milliseconds. */
  hasHeard(address: string, sinceMs: number): boolean {
    return (this.#heardMs.get(address) ?? -Infinity) > this.#clock.monotonicMs() - sinceMs;
  }

  #hear(message: Buffer, address: string, port: number): void {
    // From a port of the same number only: two of us never answer each other without end, for an answer is no question.
    if (message.length < leastBytes || port !== reachPort) return;
    if (message[0] === answer) this.#asked.get(keyOf(address, message))?.();
    if (message[0] !== question) return;
    this.#noteHeard(address);
    message[0] = answer;
    this.#socket.send(message, reachPort, address, () => {});
  }

  /** The one that has been silent for longest is forgotten first. */
  #noteHeard(address: string): void {
    this.#heardMs.delete(address);
    this.#heardMs.set(address, this.#clock.monotonicMs());
    const [oldest] = this.#heardMs.keys();
    if (this.#heardMs.size > mostHeard && oldest !== undefined) this.#heardMs.delete(oldest);
  }
}

const keyOf = (address: string, message: Buffer) => `${address} ${message.subarray(1, leastBytes).toString('hex')}`;
