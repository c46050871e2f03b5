// Work that has to succeed some time: tried again, later and later, until it does.
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

export interface UntilDoneOptions {
  clock: Clock;
  log: Log;
  /** What is logged, once. */
  failure: string;
  /** Whether trying again would be in vain. */
  isFinal?(error: unknown): boolean;
}

export async function untilDone<T>(
  work: () => Promise<T>,
  { clock, log, failure, isFinal }: UntilDoneOptions,
  signal: AbortSignal,
): Promise<T> {
  const backoff = new Backoff({ firstMs: 200, ceilingMs: 5_000 });
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal?.(error)) throw error;
      if (attempt === 0) log.warn(failure, { error });
      await clock.sleep(backoff.nextMs('work'), signal);
    }
  }
}
