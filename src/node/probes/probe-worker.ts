// Runs one probe of one container again and again: one timer between two runs, never two runs at once.
import type { Probe } from '../../api/kinds/pod-spec/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { ProbeOutcome } from './probe-outcome.ts';
import { periodMs } from './probe-tally.ts';

export interface ProbeWorkerOptions {
  probe: Probe;
  firstMs: number;
  clock: Clock;
  /** Never throws. */
  run(signal: AbortSignal): Promise<ProbeOutcome>;
  onOutcome(outcome: ProbeOutcome): void;
}

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  readonly #abort = new AbortController();
  #cancel: () => void;

  constructor(options: ProbeWorkerOptions) {
    this.#options = options;
    this.#cancel = options.clock.after(options.firstMs, () => void this.#run());
  }

  /** What is still found after this is told to nobody. */
  stop(): void {
    this.#cancel();
    this.#abort.abort(new Error('this is probed no longer'));
  }

  async #run(): Promise<void> {
    const { probe, clock, run, onOutcome } = this.#options;
    const { signal } = this.#abort;
    const begunMs = clock.monotonicMs();
    const outcome = await run(signal);
    if (signal.aborted) return;
    const tookMs = clock.monotonicMs() - begunMs;
    this.#cancel = clock.after(Math.max(0, periodMs(probe) - tookMs), () => void this.#run());
    onOutcome(outcome);
  }
}
