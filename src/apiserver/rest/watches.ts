// Watches: which of a resource's changes a client sees, and as what. An object that begins to match is added for it, one
// that ceases to match is deleted.
import type { KubeObject } from '../../api/meta.ts';
import { BadRequest, Invalid } from '../../api/status.ts';
import { forbidden } from '../../api/validation.ts';
import type { CachedObject, CacheEvent, ObjectCache } from '../object-cache.ts';
import type { RestRequest } from './request.ts';
import { type Selection, selectionOf } from './selection.ts';

export interface WatchSink {
  event(type: CacheEvent['type'], cached: CachedObject): void;
  /** The watch is over because of this error. */
  fail(error: unknown): void;
  /** Nothing has changed for this client, but the revision has gone on to here. */
  bookmark(revision: number): void;
}

export interface OpenWatch {
  timeoutMs: number;
  /** Ends the watch with a last bookmark where the client wants them. */
  close(): void;
}

/** Throws Expired when the revision to begin at is no longer known. */
export function openWatch(cache: ObjectCache, request: RestRequest, sink: WatchSink): OpenWatch {
  const { kind, query } = request;
  const selected = selectionOf(request);
  const lastsMs = timeoutMs(query.timeoutSeconds);
  if (query.sendInitialEvents !== undefined) {
    const refusal = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
    throw new Invalid({ group: kind.group, kind: 'ListOptions', name: '' }, [forbidden('sendInitialEvents', refusal)]);
  }
  const from = query.resourceVersion ?? '';
  if (!/^\d*$/.test(from))
    throw new BadRequest(`Invalid value: ${JSON.stringify(from)}: a resource version is a number`);
  let after = Number(from);
  if (after === 0) {
    // No revision named: first everything there is, as if it were new, then what follows.
    after = cache.revision;
    for (const cached of cache.list(kind, request.namespace))
      if (selected(cached)) sink.event('ADDED', cached.as(kind));
  }
  let unsubscribe = () => {};
  unsubscribe = cache.subscribe(kind, after, (event) => {
    try {
      const type = typeSeen(selected, event);
      if (type) sink.event(type, event.current.as(kind));
    } catch (error) {
      // What one watch cannot show ends this watch and nothing else.
      unsubscribe();
      sink.fail(error);
    }
  });
  return {
    timeoutMs: lastsMs,
    close: () => {
      unsubscribe();
      if (query.allowWatchBookmarks === 'true') sink.bookmark(cache.revision);
    },
  };
}

function typeSeen(selected: Selection, { type, current, previous }: CacheEvent): CacheEvent['type'] | undefined {
  const matches = type !== 'DELETED' && selected(current);
  const matched = previous !== undefined && selected(previous);
  if (matches) return matched ? 'MODIFIED' : 'ADDED';
  return matched ? 'DELETED' : undefined;
}

const longestSeconds = 24 * 3600;

/** As long as was asked for, else half an hour to an hour: not all clients at the same moment. */
function timeoutMs(asked: string | undefined): number {
  const seconds = Number(asked ?? 0);
  if (!Number.isInteger(seconds) || seconds < 0)
    throw new BadRequest(`invalid timeoutSeconds: ${JSON.stringify(asked)}`);
  return 1000 * (seconds > 0 ? Math.min(seconds, longestSeconds) : 1800 * (1 + Math.random()));
}

export function bookmarkObject({ kind }: RestRequest, apiVersion: string, revision: number): KubeObject {
  const metadata = {
    name: '',
    resourceVersion: String(revision),
    creationTimestamp: null,
  } as unknown as KubeObject['metadata'];
  return { apiVersion, kind: kind.kind, metadata };
}
