// The pods that wait for a node. Holds: a pod is in one place only; it is tried again when something happened of which a
// filter that refused it says that it may help, and after five minutes in any case.
//
//            ┌────────────────────────────── after five minutes ─────────────────────────────┐
//   add ──► ready ──take──► (tried) ──fits nowhere──► parked ──a change may help──► backing off
//            ▲                  └──the try went wrong────────────────────────────────────►│
//            └────────────────────────────── back-off is over ────────────────────────────┘
//
// The back-off of the first failure is a second, each further one doubles it up to ten. When nobody else waits, a tenth
// of it is enough: who is alone need not stand in line.
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { type ClusterChange, mayHelp } from '../cluster/cluster-change.ts';
import type { Filter } from '../filters/filter.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { PriorityLine } from './priority-line.ts';

interface Parked {
  demand: PodDemand;
  refusedBy: ReadonlySet<Filter>;
  parkedAtMs: number;
  readyAtMs: number;
}

interface BackingOff {
  demand: PodDemand;
  cancel(): void;
}

export interface QueueCounts {
  active: number;
  backoff: number;
  unschedulable: number;
}

/** How a pod has fared until now. */
export interface History {
  sinceMs: number;
  tries: number;
}

export const longestParkedMs = 5 * 60_000;
const earlyPart = 10;

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #ready = new PriorityLine();
  /** Who has waited a tenth of the back-off: taken when nobody is ready. */
  readonly #early = new PriorityLine();
  readonly #backingOff = new Map<string, BackingOff>();
  /** In the order in which they were parked. */
  readonly #parked = new Map<string, Parked>();
  /** The parked ones by who refused them. */
  readonly #refused = new Map<Filter, Set<Parked>>();
  readonly #backoff = new Backoff({ firstMs: 1_000, ceilingMs: 10_000 });
  readonly #history = new Map<string, History>();
  #cancelFlush: (() => void) | undefined;

  constructor(options: { clock: Clock; onReady: () => void }) {
    this.#clock = options.clock;
    this.#onReady = options.onReady;
  }

  counts(): QueueCounts {
    return { active: this.#ready.size, backoff: this.#backingOff.size, unschedulable: this.#parked.size };
  }

  /** How many parked pods each filter refused, by the filter's name. */
  refused(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [{ name }, refused] of this.#refused) counts.set(name, refused.size);
    return counts;
  }

  /** A pod that is new, or another than it was: it is tried as soon as it is its turn. */
  add(key: string, priority: number): void {
    this.#unpark(key);
    this.#stopBackingOff(key);
    this.#ready.add(key, priority);
    if (!this.#history.has(key)) this.#history.set(key, { sinceMs: this.#clock.monotonicMs(), tries: 0 });
    this.#onReady();
  }

  take(): ({ key: string } & History) | undefined {
    const key = this.#ready.take() ?? this.#early.take();
    if (key === undefined) return undefined;
    this.#stopBackingOff(key);
    const { sinceMs, tries } = this.#history.get(key) ?? { sinceMs: this.#clock.monotonicMs(), tries: 0 };
    const history = { sinceMs, tries: tries + 1 };
    this.#history.set(key, history);
    return { key, ...history };
  }

  /** Whether it has been tried, and waits until it may be tried again. */
  isWaiting(key: string): boolean {
    return this.#parked.has(key) || this.#backingOff.has(key);
  }

  park(demand: PodDemand, refusedBy: ReadonlySet<Filter>): void {
    const { key } = demand;
    this.#leave(key);
    const nowMs = this.#clock.monotonicMs();
    const parked = { demand, refusedBy, parkedAtMs: nowMs, readyAtMs: nowMs + this.#backoff.nextMs(key) };
    this.#parked.set(key, parked);
    for (const filter of refusedBy) this.#refused.set(filter, (this.#refused.get(filter) ?? new Set()).add(parked));
    this.#planFlush();
  }

  wake(change: ClusterChange): void {
    for (const [filter, refused] of this.#refused) {
      if (!(change.type in filter.hints)) continue; // most changes are no news for most of those who wait
      for (const parked of refused) {
        if (!mayHelp(filter.hints, change, parked.demand)) continue;
        this.#unpark(parked.demand.key);
        this.#backOff(parked.demand, parked.readyAtMs - this.#clock.monotonicMs());
      }
    }
  }

  /** For a pod whose try went wrong by no fault of any node: tried again after its back-off, whatever happens. */
  retry(demand: PodDemand): void {
    this.#leave(demand.key);
    this.#backOff(demand, this.#backoff.nextMs(demand.key));
  }

  delete(key: string): void {
    this.#leave(key);
    this.#backoff.forget(key);
    this.#history.delete(key);
  }

  #backOff(demand: PodDemand, waitMs: number): void {
    const { key, priority } = demand;
    if (waitMs <= 0) {
      this.add(key, priority);
      return;
    }
    const earlyMs = waitMs / earlyPart;
    const backingOff: BackingOff = { demand, cancel: () => {} };
    this.#backingOff.set(key, backingOff);
    backingOff.cancel = this.#clock.after(earlyMs, () => {
      backingOff.cancel = this.#clock.after(waitMs - earlyMs, () => this.add(key, priority));
      this.#early.add(key, priority);
      this.#onReady();
    });
  }

  #planFlush(): void {
    if (this.#cancelFlush) return;
    const [oldest] = this.#parked.values();
    if (!oldest) return;
    const inMs = oldest.parkedAtMs + longestParkedMs - this.#clock.monotonicMs();
    this.#cancelFlush = this.#clock.after(Math.max(inMs, 0), () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    const since = this.#clock.monotonicMs() - longestParkedMs;
    for (const [key, { demand, parkedAtMs }] of this.#parked) {
      if (parkedAtMs > since) break;
      this.add(key, demand.priority);
    }
    this.#planFlush();
  }

  #leave(key: string): void {
    this.#ready.delete(key);
    this.#unpark(key);
    this.#stopBackingOff(key);
  }

  #unpark(key: string): void {
    const parked = this.#parked.get(key);
    if (!parked) return;
    this.#parked.delete(key);
    for (const filter of parked.refusedBy) this.#refused.get(filter)?.delete(parked);
  }

  #stopBackingOff(key: string): void {
    this.#early.delete(key);
    this.#backingOff.get(key)?.cancel();
    this.#backingOff.delete(key);
  }
}
