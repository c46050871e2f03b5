// Counts durations by how long they were, in the form in which Prometheus reads them.

export class Histogram {
  readonly #boundsMs: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sumMs = 0;

  constructor(boundsMs: readonly number[]) {
    this.#boundsMs = boundsMs;
    this.#counts = boundsMs.map(() => 0);
  }

  add(ms: number): void {
    this.#count++;
    this.#sumMs += ms;
    const index = this.#boundsMs.findIndex((bound) => ms <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** Each bound's count includes those before it; what is longer than the last is in the count of all alone. */
  read(): { count: number; sumMs: number; upTo: { ms: number; count: number }[] } {
    let below = 0;
    const upTo = this.#boundsMs.map((ms, index) => {
      below += this.#counts[index] ?? 0;
      return { ms, count: below };
    });
    return { count: this.#count, sumMs: this.#sumMs, upTo };
  }
}
