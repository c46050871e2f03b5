// Answers that hold for a while: each is asked for once, also by many at the same time. What fails is not kept.
import type { Clock } from './clock.ts';

export interface ShortMemoryOptions<T> {
  clock: Clock;
  /** The oldest go first when there are more. */
  mostEntries: number;
  holdsMs(answer: T): number;
}

export class ShortMemory<T> {
  readonly #options: ShortMemoryOptions<T>;
  readonly #entries = new Map<string, { answer: Promise<T>; untilMs: number }>();

  constructor(options: ShortMemoryOptions<T>) {
    this.#options = options;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const { clock, mostEntries, holdsMs } = this.#options;
    const known = this.#entries.get(key);
    if (known && clock.monotonicMs() < known.untilMs) return known.answer;
    const entry = { answer: ask(), untilMs: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.answer.then(
      (answer) => {
        entry.untilMs = clock.monotonicMs() + holdsMs(answer);
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > mostEntries && oldest !== undefined) this.#entries.delete(oldest);
    return entry.answer;
  }
}
