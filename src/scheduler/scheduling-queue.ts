// The pods that wait for a node. Holds: a pod is either ready to be tried (the highest priority first, then the one that
// came first) or parked until something happens that may help it; none is tried by timer alone.
//
//   add --> ready --take--> (tried) --fits--> gone
//             ^                 |
//             +---- wake ---- parked      a pod that keeps failing is woken no sooner than its back-off allows
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { ClusterChange } from './filters/filter.ts';

interface Parked {
  priority: number;
  helpedBy: ReadonlySet<ClusterChange>;
  backoffMs: number;
  wakeableAt: number;
  cancelWake?: () => void;
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  /** By priority; a set keeps the order of arrival. */
  readonly #ready = new Map<number, Set<string>>();
  readonly #parked = new Map<string, Parked>();
  readonly #backoff = new Backoff({ firstMs: 100, ceilingMs: 10_000 });

  constructor(options: { clock: Clock; onReady: () => void }) {
    this.#clock = options.clock;
    this.#onReady = options.onReady;
  }

  add(key: string, priority: number): void {
    this.#unpark(key);
    const waiting = this.#ready.get(priority) ?? new Set<string>();
    this.#ready.set(priority, waiting.add(key));
    this.#onReady();
  }

  take(): string | undefined {
    if (this.#ready.size === 0) return undefined;
    const highest = Math.max(...this.#ready.keys());
    const waiting = this.#ready.get(highest);
    const key = waiting?.values().next().value;
    if (key !== undefined) waiting?.delete(key);
    if (!waiting?.size) this.#ready.delete(highest);
    return key;
  }

  isParked(key: string): boolean {
    return this.#parked.has(key);
  }

  park(key: string, priority: number, helpedBy: ReadonlySet<ClusterChange>): void {
    const backoffMs = this.#backoff.nextMs(key);
    this.#unpark(key);
    this.#parked.set(key, { priority, helpedBy, backoffMs, wakeableAt: this.#clock.monotonicMs() + backoffMs });
  }

  /** Makes ready whom the change may help. */
  wake(change: ClusterChange): void {
    for (const [key, parked] of this.#parked) if (parked.helpedBy.has(change)) this.#wakeInTime(key, parked);
  }

  /** For a pod whose binding went wrong: tried again after its back-off, whatever happens. */
  retry(key: string, priority: number): void {
    this.park(key, priority, new Set());
    const parked = this.#parked.get(key);
    if (parked) this.#wakeInTime(key, parked);
  }

  delete(key: string): void {
    this.#unpark(key);
    this.#backoff.forget(key);
    for (const [priority, waiting] of this.#ready) {
      if (waiting.delete(key) && waiting.size === 0) this.#ready.delete(priority);
    }
  }

  #wakeInTime(key: string, parked: Parked): void {
    if (parked.cancelWake) return;
    const waitMs = parked.wakeableAt - this.#clock.monotonicMs();
    if (waitMs <= 0) this.add(key, parked.priority);
    else parked.cancelWake = this.#clock.after(waitMs, () => this.add(key, parked.priority));
  }

  #unpark(key: string): void {
    this.#parked.get(key)?.cancelWake?.();
    this.#parked.delete(key);
  }
}
