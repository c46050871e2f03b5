// Long work in slices: whoever has much to do pauses between its parts, and others get their turn when it is due.
import { setImmediate } from 'node:timers/promises';

/** So long may one work before everything else in the process gets its turn. */
const sliceMs = 5;

export class Breath {
  #sliceEndsMs = performance.now() + sliceMs;

  /** To be awaited after each part. Undefined while the slice lasts, so that nobody waits for nothing. */
  pause(): Promise<void> | undefined {
    return performance.now() < this.#sliceEndsMs ? undefined : this.#letOthers();
  }

  async #letOthers(): Promise<void> {
    await setImmediate();
    this.#sliceEndsMs = performance.now() + sliceMs;
  }
}
