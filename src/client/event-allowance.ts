// How often an event about one object may be told for one reason: a handful at once, then seldom, as Kubernetes has it. What
// is not told is counted and told with the next that may be. Another reason is another matter: no news is lost for old ones.
import type { Clock } from '../base/clock.ts';

const atOnce = 25;
const oneMoreMs = 300_000;
const rememberedAtMost = 4096;

interface Budget {
  left: number;
  countedMs: number;
}

export class EventAllowance {
  readonly #clock: Clock;
  readonly #budgets = new Map<string, Budget>();
  readonly #untold = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many of this event are to be told now; 0 is none yet. */
  take(reason: string, identity: string): number {
    const nowMs = this.#clock.monotonicMs();
    const budget = this.#budgets.get(reason) ?? { left: atOnce, countedMs: nowMs };
    budget.left = Math.min(atOnce, budget.left + (nowMs - budget.countedMs) / oneMoreMs);
    budget.countedMs = nowMs;
    keep(this.#budgets, reason, budget);
    const count = (this.#untold.get(identity) ?? 0) + 1;
    if (budget.left < 1) {
      keep(this.#untold, identity, count);
      return 0;
    }
    budget.left -= 1;
    this.#untold.delete(identity);
    return count;
  }
}

/** Who was not heard of for the longest time is forgotten. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > rememberedAtMost && oldest !== undefined) map.delete(oldest);
}
