// The signs of life of a program's loops. Each beats with every turn, whatever comes of the turn; one that has not for longer
// than it may stands still.
import type { Clock } from './clock.ts';

export class Vitals {
  readonly #clock: Clock;
  readonly #loops: { name: string; mostMs: number; silentMs: () => number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers what the loop is to call with every turn. */
  pulse(name: string, mostMs: number): () => void {
    let beatMs = this.#clock.monotonicMs();
    this.watch(name, mostMs, () => this.#clock.monotonicMs() - beatMs);
    return () => {
      beatMs = this.#clock.monotonicMs();
    };
  }

  /** For who knows by itself how long it has done nothing of what it has to do. */
  watch(name: string, mostMs: number, silentMs: () => number): void {
    this.#loops.push({ name, mostMs, silentMs });
  }

  /** What stands still, in words; undefined while all goes on. */
  standstill(): string | undefined {
    const still = this.#loops.filter(({ mostMs, silentMs }) => silentMs() > mostMs);
    const texts = still.map(({ name, silentMs }) => `${name} for ${Math.round(silentMs() / 1000)} s`);
    return texts.length > 0 ? texts.join(', ') : undefined;
  }
}
