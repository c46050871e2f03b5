// Exponential back-off per key: each failure doubles the delay up to a ceiling, success forgets it.

export class Backoff {
  readonly #firstMs: number;
  readonly #ceilingMs: number;
  readonly #failures = new Map<string, number>();

  constructor(options: { firstMs: number; ceilingMs: number }) {
    this.#firstMs = options.firstMs;
    this.#ceilingMs = options.ceilingMs;
  }

  /** The delay before the next try; each call counts one failure. */
  nextMs(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#ceilingMs, this.#firstMs * 2 ** failures);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}
