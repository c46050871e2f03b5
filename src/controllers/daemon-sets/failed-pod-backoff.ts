// How long a pod that failed is left alone before it goes, so that another can fail in its place: the first goes at once, the
// next ones ever later. Forgotten after a while without failures.
import type { Clock } from '../../base/clock.ts';

const firstMs = 1000;
const ceilingMs = 15 * 60_000;

interface Failure {
  atMs: number;
  delayMs: number;
}

export class FailedPodBackoff {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failure>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the next one may go; 0 now. */
  waitMs(key: string): number {
    const failure = this.#failures.get(key);
    return failure ? Math.max(0, failure.atMs + failure.delayMs - this.#clock.monotonicMs()) : 0;
  }

  /** One goes now. */
  note(key: string): void {
    const atMs = this.#clock.monotonicMs();
    for (const [each, failure] of this.#failures) {
      if (atMs - failure.atMs > 2 * ceilingMs) this.#failures.delete(each);
    }
    const delayMs = Math.min(ceilingMs, 2 * (this.#failures.get(key)?.delayMs ?? firstMs / 2));
    this.#failures.set(key, { atMs, delayMs });
  }
}
