// Watches: which of a resource's changes a client sees, and as what. An object that begins to match is added for it, one
// that ceases to match is deleted.
import type { KubeObject } from '../../api/meta.ts';
import { BadRequest } from '../../api/status.ts';
import type { CachedObject, CacheEvent, ObjectCache } from '../object-cache.ts';
import type { RestRequest } from './request.ts';
import { type Selection, selectionOf } from './selection.ts';

export interface WatchSink {
  event(type: CacheEvent['type'], cached: CachedObject): void;
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
  const from = query.resourceVersion ?? '';
  if (!/^\d*$/.test(from))
    throw new BadRequest(`Invalid value: ${JSON.stringify(from)}: a resource version is a number`);
  let after = Number(from);
  if (after === 0) {
    // No revision named: first everything there is, as if it were new, then what follows.
    after = cache.revision;
    for (const cached of cache.list(kind, request.namespace)) if (selected(cached.object)) sink.event('ADDED', cached);
  }
  const unsubscribe = cache.subscribe(kind, after, (event) => {
    const type = typeSeen(selected, event);
    if (type) sink.event(type, event.current);
  });
  return {
    timeoutMs: timeoutMs(query.timeoutSeconds),
    close: () => {
      unsubscribe();
      if (query.allowWatchBookmarks === 'true') sink.bookmark(cache.revision);
    },
  };
}

function typeSeen(selected: Selection, { type, current, previous }: CacheEvent): CacheEvent['type'] | undefined {
  const matches = type !== 'DELETED' && selected(current.object);
  const matched = previous !== undefined && selected(previous.object);
  if (matches) return matched ? 'MODIFIED' : 'ADDED';
  return matched ? 'DELETED' : undefined;
}

/** As long as was asked for, else half an hour to an hour: not all clients at the same moment. */
function timeoutMs(asked: string | undefined): number {
  const seconds = Number(asked ?? 0);
  return 1000 * (seconds > 0 ? seconds : 1800 * (1 + Math.random()));
}

export function bookmarkObject({ kind }: RestRequest, apiVersion: string, revision: number): KubeObject {
  const metadata = {
    name: '',
    resourceVersion: String(revision),
    creationTimestamp: null,
  } as unknown as KubeObject['metadata'];
  return { apiVersion, kind: kind.kind, metadata };
}
