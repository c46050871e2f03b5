// Objects in and out of the store: reads from the cache, writes with the claims an object holds in the same transaction.
import type { Kind } from '../api/kinds/kind.ts';
import type { KubeObject } from '../api/meta.ts';
import { InsufficientStorage } from '../api/status.ts';
import { Mismatch, type Operation, type Store, StoreFull } from '../store/store.ts';
import { type CachedObject, claimKey, isClaimKey, type ObjectCache, storeKey } from './object-cache.ts';

/** The object is not (or no longer) at the revision the write was based on. */
export class Stale extends Error {}

/** Another object holds what this one claims. */
export class ClaimTaken extends Error {}

export class ObjectStorage {
  readonly cache: ObjectCache;
  readonly #store: Store;

  constructor(store: Store, cache: ObjectCache) {
    this.#store = store;
    this.cache = cache;
  }

  /** Throws Stale where the object exists. */
  create(kind: Kind, object: KubeObject): Promise<CachedObject> {
    return this.#write(kind, object, 0, []);
  }

  update(kind: Kind, object: KubeObject, previous: CachedObject): Promise<CachedObject> {
    return this.#write(kind, object, previous.revision, kind.claims?.(previous.object) ?? []);
  }

  /** Answers the revision of the deletion. */
  async remove(kind: Kind, previous: CachedObject): Promise<number> {
    const claims = kind.claims?.(previous.object) ?? [];
    return this.#transact([
      { key: storeKey(kind, previous.object.metadata), value: undefined, expected: previous.revision },
      ...claims.map((claim) => ({ key: claimKey(claim), value: undefined })),
    ]);
  }

  async #write(kind: Kind, object: KubeObject, expected: number, held: string[]): Promise<CachedObject> {
    const { resourceVersion, ...metadata } = object.metadata;
    const key = storeKey(kind, metadata);
    const claims = kind.claims?.(object) ?? [];
    await this.#transact([
      {
        key,
        value: JSON.stringify({ ...object, metadata }),
        expected,
        ...(kind.ttlSeconds !== undefined && { ttlSeconds: kind.ttlSeconds }),
      },
      ...claims
        .filter((claim) => !held.includes(claim))
        .map((claim) => ({ key: claimKey(claim), value: key, expected: 0 })),
      ...held.filter((claim) => !claims.includes(claim)).map((claim) => ({ key: claimKey(claim), value: undefined })),
    ]);
    const written = this.cache.get(kind, metadata.namespace, metadata.name);
    if (!written) throw new Stale(`${key} was deleted right after it was written`);
    return written;
  }

  async #transact(operations: Operation[]): Promise<number> {
    try {
      const revision = await this.#store.transact(operations);
      await this.cache.reached(revision);
      return revision;
    } catch (error) {
      if (error instanceof Mismatch) throw isClaimKey(error.key) ? new ClaimTaken(error.key) : new Stale(error.key);
      if (error instanceof StoreFull) throw new InsufficientStorage('the disk of the cluster state is full');
      throw error;
    }
  }
}
