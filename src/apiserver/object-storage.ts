// Objects in and out of the store: reads from the cache, writes with the claims an object holds in the same transaction.
import type { Kind } from '../api/kinds/kind.ts';
import type { KubeObject } from '../api/meta.ts';
import { InsufficientStorage } from '../api/status.ts';
import { Mismatch, type Operation, type Store, StoreFull } from '../store/store.ts';
import { type CachedObject, claimKey, isClaimKey, type ObjectCache, storeKey } from './object-cache.ts';

/** The object is not (or no longer) at the revision the write was based on. */
export class Stale extends Error {}

/** The object that should be new is there already. */
export class Exists extends Stale {}

/** Another object holds what this one claims. */
export class ClaimTaken extends Error {}

/** A change of another object that is written together with one, or neither. */
export interface Booking {
  kind: Kind;
  object: KubeObject;
  previous: CachedObject;
}

export class ObjectStorage {
  readonly cache: ObjectCache;
  readonly #store: Store;

  constructor(store: Store, cache: ObjectCache) {
    this.#store = store;
    this.cache = cache;
  }

  create(kind: Kind, object: KubeObject, bookings: readonly Booking[] = []): Promise<CachedObject> {
    return this.#write({ kind, object, expected: 0, held: [], bookings });
  }

  update(
    kind: Kind,
    object: KubeObject,
    previous: CachedObject,
    bookings: readonly Booking[] = [],
  ): Promise<CachedObject> {
    const held = kind.claims?.(previous.object) ?? [];
    return this.#write({
      kind,
      object,
      expected: previous.revision,
      held,
      bookings,
      patienceMs: kind.updatePatienceMs,
    });
  }

  /** Answers the revision of the deletion. */
  async remove(kind: Kind, previous: CachedObject): Promise<number> {
    const claims = kind.claims?.(previous.object) ?? [];
    return this.#transact([
      { key: storeKey(kind, previous.object.metadata), value: undefined, expected: previous.revision },
      ...claims.map((claim) => ({ key: claimKey(claim), value: undefined })),
    ]);
  }

  async #write({ kind, object, expected, held, bookings, patienceMs }: Write): Promise<CachedObject> {
    const { metadata } = object;
    const key = storeKey(kind, metadata);
    const claims = kind.claims?.(object) ?? [];
    const operations = [
      putOf(kind, object, expected),
      ...bookings.map((booking) => putOf(booking.kind, booking.object, booking.previous.revision)),
      ...claims
        .filter((claim) => !held.includes(claim))
        .map((claim) => ({ key: claimKey(claim), value: key, expected: 0 })),
      ...held.filter((claim) => !claims.includes(claim)).map((claim) => ({ key: claimKey(claim), value: undefined })),
    ];
    await this.#transact(operations, patienceMs);
    const written = this.cache.get(kind, metadata.namespace, metadata.name);
    if (!written) throw new Stale(`${key} was deleted right after it was written`);
    return written;
  }

  async #transact(operations: Operation[], patienceMs?: number): Promise<number> {
    try {
      const revision = await this.#store.transact(operations, patienceMs);
      await this.cache.reached(revision);
      return revision;
    } catch (error) {
      if (error instanceof Mismatch) throw conflictOf(error, operations);
      if (error instanceof StoreFull) throw new InsufficientStorage('the disk of the cluster state is full');
      throw error;
    }
  }
}

interface Write {
  kind: Kind;
  object: KubeObject;
  /** The revision that the object has, 0 where it is new. */
  expected: number;
  /** What it claims already. */
  held: string[];
  bookings: readonly Booking[];
  patienceMs?: number | undefined;
}

function putOf(kind: Kind, object: KubeObject, expected: number): Operation {
  const { resourceVersion, ...metadata } = object.metadata;
  return {
    key: storeKey(kind, metadata),
    value: JSON.stringify({ ...object, metadata }),
    expected,
    ...(kind.ttlSeconds !== undefined && { ttlSeconds: kind.ttlSeconds }),
  };
}

function conflictOf({ key }: Mismatch, operations: readonly Operation[]): Error {
  if (isClaimKey(key)) return new ClaimTaken(key);
  const isNew = operations.some((operation) => operation.key === key && operation.expected === 0);
  return isNew ? new Exists(key) : new Stale(key);
}
