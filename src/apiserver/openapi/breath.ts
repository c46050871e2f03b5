// Long work in slices: whoever builds something big pauses between its parts, and others get their turn when it is due.
import { setImmediate } from 'node:timers/promises';

const sliceMs = 4;

export class Breath {
  #sliceEndsMs = performance.now() + sliceMs;

  /** Undefined while the slice lasts, so that nobody waits for nothing. */
  pause(): Promise<void> | undefined {
    return performance.now() < this.#sliceEndsMs ? undefined : this.#letOthers();
  }

  async #letOthers(): Promise<void> {
    await setImmediate();
    this.#sliceEndsMs = performance.now() + sliceMs;
  }
}
