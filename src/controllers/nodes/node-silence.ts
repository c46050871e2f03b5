// For how long each node has given no sign of life, counted in beats of this process and never by comparing clocks. While
// this process stands still or its host sleeps nobody falls silent, and everybody's time begins anew when it goes on.
import type { Clock } from '../../base/clock.ts';

export interface NodeSilenceOptions {
  clock: Clock;
  graceMs: number;
  /** Called once for a node, when its time is over. */
  onSilent(name: string): void;
}

const beatsOfGrace = 10;

export class NodeSilence {
  readonly #options: NodeSilenceOptions;
  readonly #beatMs: number;
  /** At which beat each node was heard last. */
  readonly #heard = new Map<string, number>();
  readonly #silent = new Set<string>();
  #beat = 0;

  constructor(options: NodeSilenceOptions) {
    this.#options = options;
    this.#beatMs = options.graceMs / beatsOfGrace;
  }

  has(name: string): boolean {
    return this.#silent.has(name);
  }

  /** A sign of life; answers whether the node had been silent. */
  hear(name: string): boolean {
    this.#heard.set(name, this.#beat);
    return this.#silent.delete(name);
  }

  /** Those that are silent stay so; all others have their whole time again. */
  hearAll(): void {
    for (const name of this.#heard.keys()) this.#heard.set(name, this.#beat);
  }

  forget(name: string): void {
    this.#heard.delete(name);
    this.#silent.delete(name);
  }

  start(signal: AbortSignal): void {
    const { clock } = this.#options;
    let [evenMs, wallMs] = [clock.monotonicMs(), clock.now()];
    let cancel = () => {};
    const beat = () => {
      const passedMs = Math.max(clock.monotonicMs() - evenMs, clock.now() - wallMs);
      [evenMs, wallMs] = [clock.monotonicMs(), clock.now()];
      this.#takeBeat(passedMs > 2 * this.#beatMs);
      cancel = clock.after(this.#beatMs, beat);
    };
    cancel = clock.after(this.#beatMs, beat);
    signal.addEventListener('abort', () => cancel());
  }

  #takeBeat(stoodStill: boolean): void {
    this.#beat += 1;
    if (stoodStill) this.hearAll();
    for (const [name, heard] of this.#heard) {
      if (this.#beat - heard <= beatsOfGrace || this.#silent.has(name)) continue;
      this.#silent.add(name);
      this.#options.onSilent(name);
    }
  }
}
