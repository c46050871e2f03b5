// Runs one probe of one container again and again: one timer between two runs, never two runs at once, and none as long as
// a command of the last one is still being ended.
import type { Probe } from '../../api/kinds/pod-spec/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { ProbeOutcome, ProbeRun } from './probe-outcome.ts';
import { periodMs } from './probe-tally.ts';

export interface ProbeWorkerOptions {
  probe: Probe;
  firstMs: number;
  clock: Clock;
  /** Never throws. */
  run(signal: AbortSignal): Promise<ProbeRun>;
  onOutcome(outcome: ProbeOutcome): void;
}

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  readonly #abort = new AbortController();
  #cancel: () => void;
  /** Of the last run. */
  #ended: Promise<void> | undefined;

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
    const isFree = !this.#ended || (await this.#endsInTime(this.#ended));
    if (signal.aborted) return;
    const { ended = this.#ended, ...outcome } = isFree ? await run(signal) : notEnded;
    if (signal.aborted) return;
    this.#ended = ended;
    const tookMs = clock.monotonicMs() - begunMs;
    this.#cancel = clock.after(Math.max(0, periodMs(probe) - tookMs), () => void this.#run());
    onOutcome(outcome);
  }

  /** Whether it does within a period. */
  async #endsInTime(ended: Promise<void>): Promise<boolean> {
    const { probe, clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = clock.after(periodMs(probe), () => resolve(false));
    void ended.then(() => resolve(true));
    return promise.finally(cancel);
  }
}

const notEnded: ProbeRun = { result: 'unknown', text: 'the command of the last time has not ended yet' };
