// Watches: which of a resource's changes a client sees, and as what. An object that begins to match is added for it, one
// that ceases to match is deleted.
import { BadRequest } from '../../api/status.ts';
import { type Cause, forbidden, unsupported } from '../../api/validation.ts';
import type { Clock } from '../../base/clock.ts';
import { CachedObject, type CacheEvent, type ObjectCache } from '../object-cache.ts';
import { invalidOptions, revisionOf } from './list-options.ts';
import { reached } from './lists.ts';
import { isTrue, type RestRequest } from './request.ts';
import { type Selection, selectionOf } from './selection.ts';

export interface WatchSink {
  event(type: CacheEvent['type'], cached: CachedObject): void;
  /** The watch is over because of this error. */
  fail(error: unknown): void;
  /** All changes up to the revision have been told. */
  bookmark(bookmark: Bookmark): void;
}

export interface Bookmark {
  revision: number;
  /** What was there when the watch began has been told. */
  endsInitialEvents?: boolean;
}

export interface OpenWatch {
  timeoutMs: number;
  /** Ends the watch with a last bookmark where the client wants them. */
  close(): void;
}

/** Where a watch begins. */
interface WatchStart {
  /** Tells first what there is, as if it were new; of at least this revision. */
  initial: { revision: number } | undefined;
  /** Tells what changed after this revision; undefined: after now. */
  after: number | undefined;
  /** Ends the initial events with a bookmark of their own. */
  marksEnd: boolean;
}

const bookmarkEveryMs = 60_000;

/** Throws Expired when the revision to begin at is no longer known. */
export async function openWatch(
  cache: ObjectCache,
  request: RestRequest,
  sink: WatchSink,
  clock: Clock,
): Promise<OpenWatch> {
  const { kind, query } = request;
  const selected = selectionOf(request);
  const lastsMs = timeoutMs(query.timeoutSeconds);
  const wantsBookmarks = isTrue(query.allowWatchBookmarks);
  const start = startOf(request);
  await reached(cache, start.initial?.revision ?? 0, clock);
  const after = start.after ?? cache.revision;
  if (start.initial) {
    for (const cached of cache.list(kind, request.namespace)) {
      if (selected(cached)) sink.event('ADDED', cached.as(kind));
    }
    if (start.marksEnd && wantsBookmarks) sink.bookmark({ revision: cache.revision, endsInitialEvents: true });
  }
  let unsubscribe = () => {};
  unsubscribe = cache.subscribe(kind, after, (event) => {
    try {
      const seen = changeSeen(selected, event);
      if (seen) sink.event(seen.type, seen.cached.as(kind));
    } catch (error) {
      // What one watch cannot show ends this watch and nothing else.
      unsubscribe();
      sink.fail(error);
    }
  });
  const stopBookmarks = wantsBookmarks
    ? everySoOften(clock, () => sink.bookmark({ revision: cache.revision }))
    : () => {};
  return {
    timeoutMs: lastsMs,
    close: () => {
      unsubscribe();
      stopBookmarks();
      if (wantsBookmarks) sink.bookmark({ revision: cache.revision });
    },
  };
}

function everySoOften(clock: Clock, run: () => void): () => void {
  let cancel = () => {};
  const again = () => {
    cancel = clock.after(bookmarkEveryMs, () => {
      run();
      again();
    });
  };
  again();
  return () => cancel();
}

function startOf({ query }: RestRequest): WatchStart {
  const { resourceVersion = '', resourceVersionMatch: match = '', sendInitialEvents = '' } = query;
  const causes = faultsOfStart(match, sendInitialEvents);
  if (causes.length > 0) throw invalidOptions(causes);
  const revision = revisionOf(resourceVersion);
  if (sendInitialEvents && isTrue(sendInitialEvents))
    return { initial: { revision: revision ?? 0 }, after: undefined, marksEnd: true };
  if (revision) return { initial: undefined, after: revision, marksEnd: false };
  return { initial: sendInitialEvents ? undefined : { revision: 0 }, after: undefined, marksEnd: false };
}

function faultsOfStart(match: string, sendInitialEvents: string): Cause[] {
  const field = 'resourceVersionMatch';
  if (sendInitialEvents === '') {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    return match === '' ? [] : [forbidden(field, why)];
  }
  if (match === '') {
    return [forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')];
  }
  return match === 'NotOlderThan' ? [] : [unsupported(field, match, ['NotOlderThan'])];
}

/** What is no longer selected goes as it was last seen: its new state is none of the client's business. */
function changeSeen(
  selected: Selection,
  { type, current, previous }: CacheEvent,
): { type: CacheEvent['type']; cached: CachedObject } | undefined {
  const matched = previous !== undefined && selected(previous);
  if (type !== 'DELETED' && selected(current)) return { type: matched ? 'MODIFIED' : 'ADDED', cached: current };
  if (!matched) return undefined;
  return { type: 'DELETED', cached: type === 'DELETED' ? current : CachedObject.at(previous.object, current.revision) };
}

const longestSeconds = 24 * 3600;

/** As long as was asked for, else half an hour to an hour: not all clients at the same moment. */
function timeoutMs(asked: string | undefined): number {
  const seconds = Number(asked ?? 0);
  if (!Number.isInteger(seconds) || seconds < 0)
    throw new BadRequest(`invalid timeoutSeconds: ${JSON.stringify(asked)}`);
  return 1000 * (seconds > 0 ? Math.min(seconds, longestSeconds) : 1800 * (1 + Math.random()));
}
