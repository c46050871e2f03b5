// A queue of keys to be reconciled. Holds: a key waits at most once and is worked on by one worker at a time; a key that
// is added while being worked on is worked on again afterwards; a key whose work fails comes back with growing delay; one
// whose work takes longer than is patient, or that rests, no longer keeps others from being worked on.

import { isConflict } from '../api/status.ts';
import { Backoff } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { WorkQueueMetrics } from './work-queue-metrics.ts';

export interface WorkQueueOptions {
  name: string;
  log: Log;
  clock?: Clock;
  /** Brings one key to its desired state; called again when it throws. */
  sync(key: string, signal: AbortSignal): Promise<void>;
  workers?: number;
  /** How long a key holds its worker; for ever unless told. After that others go on beside it. */
  patienceMs?: number;
  /** How long a key is left alone after it was worked on; not at all unless told. So one that is costly gathers changes. */
  restMs?(key: string): number;
  metrics?: WorkQueueMetrics;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  /** Since when. */
  readonly #waiting = new Map<string, number>();
  /** Those that are worked on, or rest. */
  readonly #active = new Set<string>();
  /** Since when each is worked on. */
  readonly #begun = new Map<string, number>();
  readonly #again = new Set<string>();
  /** Of the active ones those that hold no worker any more. */
  readonly #slow = new Set<string>();
  readonly #timers = new Map<string, { at: number; cancel: () => void }>();
  readonly #backoff = new Backoff({ firstMs: 5, ceilingMs: 60_000 });
  #signal: AbortSignal | undefined;
  #turnMs = 0;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const state = () => ({ depth: this.#waiting.size, begunAtMs: this.#begun.values() });
    options.metrics?.observe(options.name, state);
  }

  add(key: string): void {
    if (this.#waiting.size === 0) this.#turnMs = this.#clock.monotonicMs();
    this.#options.metrics?.added(this.#options.name);
    if (this.#active.has(key)) this.#again.add(key);
    else this.#wait(key);
    this.#dispatch();
  }

  #wait(key: string): void {
    if (!this.#waiting.has(key)) this.#waiting.set(key, this.#clock.monotonicMs());
  }

  /** Adds the key after the time; of several such calls the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    const at = this.#clock.monotonicMs() + delayMs;
    const planned = this.#timers.get(key);
    if (planned && planned.at <= at) return;
    planned?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { at, cancel });
  }

  /** How long nothing has been begun although keys wait. */
  stalledMs(): number {
    return this.#waiting.size > 0 ? this.#clock.monotonicMs() - this.#turnMs : 0;
  }

  /** Begins to work until the signal is aborted; keys added before have waited. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      for (const { cancel } of this.#timers.values()) cancel();
      this.#timers.clear();
    });
    this.#dispatch();
  }

  #dispatch(): void {
    const signal = this.#signal;
    if (!signal || signal.aborted) return;
    for (const [key, since] of this.#waiting) {
      if (this.#active.size - this.#slow.size >= (this.#options.workers ?? 1)) return;
      this.#turnMs = this.#clock.monotonicMs();
      this.#options.metrics?.begun(this.#options.name, this.#turnMs - since);
      this.#waiting.delete(key);
      this.#active.add(key);
      this.#begun.set(key, this.#turnMs);
      void this.#work(key, signal);
    }
  }

  async #work(key: string, signal: AbortSignal): Promise<void> {
    const { patienceMs } = this.#options;
    const grow = () => {
      this.#slow.add(key);
      this.#dispatch();
    };
    const cancel = patienceMs === undefined ? () => {} : this.#clock.after(patienceMs, grow);
    try {
      await this.#options.sync(key, signal);
      this.#backoff.forget(key);
    } catch (error) {
      if (!signal.aborted) {
        // A conflict only says that our copy was old; everything else is worth a line.
        if (!isConflict(error))
          this.#options.log.warn('sync failed, trying again', { queue: this.#options.name, key, error });
        this.#options.metrics?.retried(this.#options.name);
        this.addAfter(key, this.#backoff.nextMs(key));
      }
    }
    cancel();
    this.#noteEnd(key);
    const restMs = this.#options.restMs?.(key) ?? 0;
    if (restMs <= 0) return this.#finish(key);
    this.#slow.add(key);
    this.#clock.after(restMs, () => this.#finish(key));
    this.#dispatch();
  }

  #noteEnd(key: string): void {
    const { name, metrics } = this.#options;
    metrics?.ended(name, this.#clock.monotonicMs() - (this.#begun.get(key) ?? 0));
    this.#begun.delete(key);
  }

  #finish(key: string): void {
    this.#slow.delete(key);
    this.#active.delete(key);
    if (this.#again.delete(key)) this.#wait(key);
    this.#dispatch();
  }
}
