// Finds resolvers that ask us what we ask them: each is asked for a name that nobody else asks for, and if that question comes
// to us, it is left out until the host has other resolvers.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { recordTypes } from './query.ts';
import type { AskResolver } from './upstream.ts';

const answerWithinMs = 2_000;
const suspectAgainAfterMs = 30_000;
const probeDomain = 'wherry-loop-check';

export interface LoopWatchOptions {
  ask: AskResolver;
  clock: Clock;
  log: Log;
}

export class LoopWatch {
  readonly #options: LoopWatchOptions;
  /** The resolver behind each probe. */
  readonly #probes = new Map<string, string>();
  readonly #looping = new Set<string>();
  #checked = '';
  #suspectedAtMs = -Infinity;

  constructor(options: LoopWatchOptions) {
    this.#options = options;
  }

  isLooping(resolver: string): boolean {
    return this.#looping.has(resolver);
  }

  isEcho(name: string): boolean {
    const resolver = this.#probes.get(name);
    if (resolver === undefined) return false;
    if (!this.#looping.has(resolver))
      this.#options.log.warn('a resolver of this host asks back and is left out', { resolver });
    this.#looping.add(resolver);
    return true;
  }

  /** Looks at resolvers that are new. */
  check(resolvers: string[]): void {
    const list = resolvers.join(' ');
    if (list === this.#checked) return;
    this.#checked = list;
    this.#looping.clear();
    for (const resolver of resolvers) void this.#probe(resolver);
  }

  /** None of them has answered: it may be that they have begun to ask back. */
  suspect(resolvers: string[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#suspectedAtMs < suspectAgainAfterMs) return;
    this.#suspectedAtMs = nowMs;
    for (const resolver of resolvers) void this.#probe(resolver);
  }

  async #probe(resolver: string): Promise<void> {
    const label = randomBytes(12).toString('hex');
    const name = `${label}.${probeDomain}`;
    this.#probes.set(name, resolver);
    const over = new AbortController();
    const cancel = this.#options.clock.after(answerWithinMs, () => over.abort(new Error('no answer in time')));
    const inquiry = { question: questionFor([label, probeDomain]), isDnssecOk: false, isCheckingDisabled: false };
    await this.#options.ask(inquiry, resolver, over.signal).catch(() => {});
    cancel();
    this.#probes.delete(name);
  }
}

function questionFor(labels: string[]): Buffer {
  const name = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([...name, Buffer.from([0, 0, recordTypes.HINFO, 0, 1])]);
}
