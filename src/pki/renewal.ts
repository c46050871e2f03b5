// Looks after certificates in the program that uses them: whenever one is due, and when a file of theirs was changed by hand.
import type { Clock } from '../base/clock.ts';
import { untilFolderChanges } from '../base/folder-changes.ts';
import type { Log } from '../base/log.ts';

export interface RenewalOptions {
  /** Where the certificates are. */
  directory: string;
  /** Looks at all of them, and changes what has to be; may be called at any time. */
  renew(): Promise<void>;
  clock: Clock;
  log: Log;
}

const lookMs = 3_600_000;
const settleMs = 100;

export async function runRenewal({ directory, renew, clock, log }: RenewalOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await untilFolderChanges(directory, { clock, mostMs: lookMs, settleMs }, signal);
    if (signal.aborted) return;
    try {
      await renew();
    } catch (error) {
      if (!signal.aborted) log.warn('certificates could not be looked after, trying again in an hour', { error });
    }
  }
}
