// Lists: of now, of a revision that is still known, or page by page from one such revision.

import { keyOf } from '../../api/meta.ts';
import { Expired, Timeout } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { CachedObject, ObjectCache } from '../object-cache.ts';
import { type ListOptions, listOptionsOf, type PageStart, pageToken } from './list-options.ts';
import type { RestRequest } from './request.ts';
import { selectionOf } from './selection.ts';

export interface ListPage {
  items: CachedObject[];
  revision: number;
  /** The token of the next page, if there is one. */
  next?: string;
  /** How many objects follow; unknown where a selector has to look at each. */
  remaining?: number;
}

/** How long a client waits for a revision that is not there yet. */
const waitMs = 3000;

export async function listPage(cache: ObjectCache, request: RestRequest, clock: Clock): Promise<ListPage> {
  const options = listOptionsOf(request);
  const selected = selectionOf(request);
  await reached(cache, options.revision ?? 0, clock);
  const { items, revision } = rangeOf(cache, request, options);
  const found = items.filter(selected);
  // Whatever is at hand comes whole.
  if (options.limit <= 0 || found.length <= options.limit || options.revision === 0) return { items: found, revision };
  const page = found.slice(0, options.limit);
  const start = `${keyOf((page.at(-1) as CachedObject).object)}\0`;
  const { labelSelector, fieldSelector } = request.query;
  return {
    items: page,
    revision,
    next: pageToken({ revision, start }),
    ...(!labelSelector && !fieldSelector && { remaining: found.length - page.length }),
  };
}

/** Resolves when the revision is there; who asks for one too far ahead is told to come again. */
export async function reached(cache: ObjectCache, revision: number, clock: Clock): Promise<void> {
  if (cache.revision >= revision) return;
  const late = new AbortController();
  const cancel = clock.after(waitMs, () => late.abort());
  await cache.reached(revision, late.signal);
  cancel();
  if (!late.signal.aborted) return;
  throw new Timeout(`Too large resource version: ${revision}, current: ${cache.revision}`, [
    { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
  ]);
}

function rangeOf(cache: ObjectCache, request: RestRequest, options: ListOptions) {
  const { kind, namespace } = request;
  const { from } = options;
  if (from) {
    const isOfNow = from.revision < 0;
    const revision = isOfNow ? cache.revision : from.revision;
    const all = isOfNow ? cache.list(kind, namespace) : earlierPage(cache, request, from);
    return { items: all.filter(({ object }) => keyOf(object) >= from.start), revision };
  }
  if (options.isExact && options.revision !== undefined) {
    return { items: cache.list(kind, namespace, options.revision), revision: options.revision };
  }
  return { items: cache.list(kind, namespace), revision: cache.revision };
}

function earlierPage(cache: ObjectCache, { kind, namespace }: RestRequest, from: PageStart): CachedObject[] {
  try {
    return cache.list(kind, namespace, from.revision);
  } catch (error) {
    if (!(error instanceof Expired)) throw error;
    throw new Expired(
      'The provided continue parameter is too old to display a consistent list result: the changes since its first page are forgotten. Start a new list without it, or use the continue token of this answer for the rest as it is now: objects that were created, changed or deleted in between may be missing or appear twice.',
      pageToken({ revision: -1, start: from.start }),
    );
  }
}
