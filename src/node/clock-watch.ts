// Whether the clock of this host goes as the master's does, as it is seen while both work together: one that was right at the
// join may be set later, or stand still with its machine.
import { clockFault } from './master-probe.ts';

/** What is measured trembles: within this it is what was told before. */
const sameMs = 5_000;

export class ClockWatch {
  #toldMs = 0;

  /** What is wrong with the clock and the way out; undefined where it will do. */
  look(behindMs: number): string | undefined {
    if (Math.abs(behindMs - this.#toldMs) > sameMs) this.#toldMs = behindMs;
    return clockFault({ behindMs: this.#toldMs })?.message;
  }
}
