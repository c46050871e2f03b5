// How long a container that ended waits for its successor: none the first time, then 10 s, twice as long each time, five
// minutes at most. It stands on the container, so that it outlives the agent. By even time: no clock that is set changes it.
import type { ObservedContainer } from '../runtime.ts';

const firstBackoffSeconds = 10;
const longestBackoffSeconds = 300;
/** Who ran this long starts over with the back-off. */
const goodRunMs = 600_000;

/** When a container that ended may be followed by the next one. */
export function restartAtMs(ended: ObservedContainer): number {
  return ranWell(ended) ? 0 : endOf(ended) + ended.backoffSeconds * 1000;
}

/** What the next container is to wait for its own successor. */
export function nextBackoffSeconds(ended: ObservedContainer | undefined): number {
  if (!ended) return 0;
  if (ranWell(ended) || ended.backoffSeconds === 0) return firstBackoffSeconds;
  return Math.min(longestBackoffSeconds, ended.backoffSeconds * 2);
}

const endOf = ({ endedMs = 0 }: ObservedContainer) => endedMs;

function ranWell(container: ObservedContainer): boolean {
  return container.startedMs !== undefined && endOf(container) - container.startedMs > goodRunMs;
}
