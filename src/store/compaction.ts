// Forgets what changed some minutes ago: whoever watches is told at once, and who comes back later reads anew.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Store } from './store.ts';

const everyMs = 5 * 60_000;

export async function runCompaction(store: Store, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  let seen = store.stats().revision;
  for (;;) {
    await clock.sleep(everyMs, signal);
    const { revision } = store.stats();
    try {
      await store.compact(seen);
    } catch (error) {
      log.warn('the store could not be compacted, tried again in a while', { error });
    }
    seen = revision;
  }
}
