// Rings for keys at times of the wall clock. A timer runs evenly whoever sets the clock: so the clock is looked at every
// minute as long as anybody waits, and one that was set forward, or a machine that slept, is noticed within that.
import type { Clock } from '../base/clock.ts';

const lookEveryMs = 60_000;

export class WallAlarm {
  readonly #clock: Clock;
  readonly #onDue: (key: string) => void;
  readonly #due = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #lookAtMs = 0;

  constructor(options: { clock: Clock; onDue: (key: string) => void }) {
    this.#clock = options.clock;
    this.#onDue = options.onDue;
  }

  /** One time for each key; the later call counts, and one without a time takes it back. */
  set(key: string, atMs: number | undefined): void {
    if (atMs === undefined) this.#due.delete(key);
    else this.#due.set(key, atMs);
    if (this.#due.size === 0) this.#rest();
    else if (atMs !== undefined) this.#lookBy(atMs);
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** A look that is too early does no harm, so nobody asks for the first of all but the look itself. */
  #lookBy(atMs: number): void {
    const waitMs = Math.max(0, Math.min(atMs - this.#clock.now(), lookEveryMs));
    const lookAtMs = this.#clock.monotonicMs() + waitMs;
    if (this.#cancel && this.#lookAtMs <= lookAtMs) return;
    this.#rest();
    this.#lookAtMs = lookAtMs;
    this.#cancel = this.#clock.after(waitMs, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const [key, atMs] of this.#due) {
      if (atMs > this.#clock.now()) firstMs = Math.min(firstMs, atMs);
      else {
        this.#due.delete(key);
        this.#onDue(key);
      }
    }
    if (this.#due.size > 0) this.#lookBy(firstMs);
  }
}
