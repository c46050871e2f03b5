// An object cache that a test fills by hand: no store, no writes, the same index and stream of changes.
import type { Kind } from '../api/kinds/kind.ts';
import type { KubeObject } from '../api/meta.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import { ObjectCache, storeKey } from './object-cache.ts';

export interface FilledCache {
  cache: ObjectCache;
  put(kind: Kind, object: KubeObject): void;
  remove(kind: Kind, object: KubeObject): void;
}

export async function filledCache(): Promise<FilledCache> {
  const cache = new ObjectCache();
  let deliver: (events: StoreEvent[]) => void = () => {};
  const store: Pick<Store, 'range' | 'watch'> = {
    range: async () => ({ entries: [], revision: 1, next: undefined }),
    watch: (_prefix, _after, follow) => {
      deliver = follow;
    },
  };
  await cache.follow(store as Store, new AbortController().signal);
  const write = (kind: Kind, object: KubeObject, value: string | undefined) =>
    deliver([{ key: storeKey(kind, object.metadata), value, revision: cache.revision + 1 }]);
  return {
    cache,
    put: (kind, object) => write(kind, object, JSON.stringify(object)),
    remove: (kind, object) => write(kind, object, undefined),
  };
}
