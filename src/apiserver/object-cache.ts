// Every object of the cluster, decoded once, frozen and shared: by answers, watches, controllers and scheduler.
// It follows the store's stream of changes; its bytes are made at the first need and shared by all who send it.

import { type Kind, resourceOf, storedKind } from '../api/kinds/kind.ts';
import type { KubeObject } from '../api/meta.ts';
import { keyOf } from '../api/meta.ts';
import { Expired } from '../api/status.ts';
import { Recent } from '../base/recent.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import { SharedFieldSets } from './shared-field-sets.ts';

/** How much of a resource's changes is kept for watches that begin in the past. */
const windowMost = { count: 2000, bytes: 16 * 1024 * 1024 };

export class CachedObject {
  readonly object: KubeObject;
  readonly revision: number;
  #itemBytes: Buffer | undefined;
  #views: Map<Kind, CachedObject> | undefined;

  constructor(object: KubeObject, revision: number) {
    this.object = object;
    this.revision = revision;
  }

  /** The JSON of an item of a typed list, which says once for all its items what they are. Kept: who lists and who watches send it again. */
  get itemBytes(): Buffer {
    this.#itemBytes ??= this.#encoded();
    return this.#itemBytes;
  }

  #encoded(): Buffer {
    const { kind, apiVersion, ...content } = this.object;
    return Buffer.from(JSON.stringify(content));
  }

  /** The JSON of the whole object. */
  get bytes(): Buffer {
    const { kind, apiVersion } = this.object;
    const head = `{"kind":"${kind}","apiVersion":"${apiVersion}",`;
    const itemBytes = this.#itemBytes ?? this.#encoded();
    // Instead of the item's brace.
    const bytes = Buffer.allocUnsafe(head.length + itemBytes.length - 1);
    bytes.write(head, 'latin1');
    itemBytes.copy(bytes, head.length, 1);
    return bytes;
  }

  /** An object as it is, or was last, at a revision, which it then bears. */
  static at(object: KubeObject, revision: number): CachedObject {
    return new CachedObject(withRevision(object, revision), revision);
  }

  /** The object as that kind shows it. */
  as(kind: Kind): CachedObject {
    if (!kind.view) return this;
    this.#views ??= new Map();
    let shown = this.#views.get(kind);
    if (!shown) {
      shown = new CachedObject(freeze(kind.view.fromStored(this.object)), this.revision);
      this.#views.set(kind, shown);
    }
    return shown;
  }

  /** Of an object that has been replaced nobody will ask much more. */
  forgetBytes(): void {
    this.#itemBytes = undefined;
    this.#views = undefined;
  }
}

export interface CacheEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change; for a deletion the last state, with the revision of the deletion. */
  current: CachedObject;
  previous: CachedObject | undefined;
}

class Collection {
  readonly objects = new Map<string, CachedObject>();
  readonly window = new Recent<CacheEvent>(windowMost);
  readonly subscribers = new Set<(event: CacheEvent) => void>();
  /** Watches may begin at this revision or later. */
  oldest: number;
  #sorted: CachedObject[] | undefined;

  constructor(revision: number) {
    this.oldest = revision;
  }

  /** In the order of keys, as lists are served. */
  get sorted(): CachedObject[] {
    this.#sorted ??= inOrder(this.objects);
    return this.#sorted;
  }

  /** As it was at an earlier revision: what changed since then is taken back. */
  at(revision: number): CachedObject[] {
    if (revision < this.oldest) throw new Expired(tooOld(revision, this.oldest));
    const earlier = new Map<string, CachedObject | undefined>();
    for (const { current, previous } of this.window) {
      const key = keyOf(current.object);
      if (current.revision > revision && !earlier.has(key)) earlier.set(key, previous);
    }
    if (earlier.size === 0) return this.sorted;
    const objects = new Map(this.objects);
    for (const [key, cached] of earlier) {
      if (cached) objects.set(key, cached);
      else objects.delete(key);
    }
    return inOrder(objects);
  }

  apply(key: string, object: KubeObject | undefined, revision: number, bytes: number): void {
    const previous = this.objects.get(key);
    if (!object && !previous) return;
    // What was read may be newer than what the watch tells at first.
    if (previous && previous.revision >= revision) return;
    this.#sorted = undefined;
    const state = object ?? (previous as CachedObject).object;
    const current = new CachedObject(freeze(withRevision(state, revision)), revision);
    if (object) this.objects.set(key, current);
    else this.objects.delete(key);
    const event: CacheEvent = { type: object ? (previous ? 'MODIFIED' : 'ADDED') : 'DELETED', current, previous };
    const forgotten = this.window.push(event, bytes);
    if (forgotten) this.oldest = forgotten.current.revision;
    previous?.forgetBytes();
    for (const deliver of this.subscribers) deliver(event);
  }
}

const inOrder = (objects: Map<string, CachedObject>): CachedObject[] =>
  [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cached]) => cached);

const tooOld = (revision: number, oldest: number) => `too old resource version: ${revision} (${oldest})`;

const pageSize = 500;
const objectPrefix = '/objects/';
const claimPrefix = '/claims/';

/** "/objects/pods/default/web", "/objects/nodes//a". */
export function storeKey(kind: Kind, object: { namespace?: string | undefined; name: string }): string {
  return `${objectPrefix}${resourceOf(storedKind(kind))}/${object.namespace ?? ''}/${object.name}`;
}

export function claimKey(claim: string): string {
  return `${claimPrefix}${claim}`;
}

export function isClaimKey(key: string): boolean {
  return key.startsWith(claimPrefix);
}

export class ObjectCache {
  readonly #collections = new Map<string, Collection>();
  readonly #claims = new Set<string>();
  readonly #fieldSets = new SharedFieldSets();
  readonly #waiting = new Set<{ revision: number; resolve: () => void }>();
  #revision = 0;

  /** Reads everything, then follows the store until the signal is aborted. */
  async follow(store: Store, signal: AbortSignal): Promise<void> {
    // In pages, so that no second copy of everything is in memory; what changes between two of them the watch tells again.
    let page = await store.range('/', { limit: pageSize });
    const { revision } = page;
    this.#revision = revision;
    for (const entry of page.entries) this.#apply(entry);
    while (page.next !== undefined) {
      page = await store.range('/', { start: page.next, limit: pageSize });
      for (const entry of page.entries) this.#apply(entry);
    }
    for (const collection of this.#collections.values()) {
      collection.window.clear();
      collection.oldest = revision;
    }
    store.watch('/', revision, (events) => this.#follow(events), signal);
  }

  /** The newest revision that is seen here. */
  get revision(): number {
    return this.#revision;
  }

  /** Resolves when the change of this revision is visible, so that a writer reads its own write, or when nobody waits any more. */
  reached(revision: number, signal?: AbortSignal): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = { revision, resolve };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', () => {
        this.#waiting.delete(waiter);
        resolve();
      });
    });
  }

  get(kind: Kind, namespace: string | undefined, name: string): CachedObject | undefined {
    return this.#collection(kind).objects.get(keyOf({ metadata: { ...(namespace && { namespace }), name } }));
  }

  /** In the order of keys; as of now, or as of an earlier revision (throws Expired where that is forgotten). */
  list(kind: Kind, namespace?: string, revision?: number): CachedObject[] {
    const collection = this.#collection(kind);
    const sorted = revision === undefined ? collection.sorted : collection.at(revision);
    return namespace ? sorted.filter(({ object }) => object.metadata.namespace === namespace) : sorted;
  }

  /** How many objects there are of each resource. */
  counts(): Map<string, number> {
    return new Map([...this.#collections].map(([resource, { objects }]) => [resource, objects.size]));
  }

  isClaimed(claim: string): boolean {
    return this.#claims.has(claimKey(claim));
  }

  /** Delivers what has changed since the revision and all that changes from now on; the answer ends it. `deliver` must not throw. */
  subscribe(kind: Kind, after: number, deliver: (event: CacheEvent) => void): () => void {
    const collection = this.#collection(kind);
    if (after < collection.oldest) {
      throw new Expired(tooOld(after, collection.oldest));
    }
    for (const event of collection.window) if (event.current.revision > after) deliver(event);
    collection.subscribers.add(deliver);
    return () => collection.subscribers.delete(deliver);
  }

  #collection(kind: Kind): Collection {
    return this.#collectionNamed(resourceOf(storedKind(kind)));
  }

  #collectionNamed(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (!collection) {
      collection = new Collection(this.#revision);
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  #follow(events: StoreEvent[]): void {
    for (const event of events) {
      this.#apply(event);
      this.#revision = event.revision;
    }
    for (const waiter of this.#waiting) {
      if (waiter.revision > this.#revision) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  #apply({ key, value, revision }: StoreEvent): void {
    if (isClaimKey(key)) {
      if (value === undefined) this.#claims.delete(key);
      else this.#claims.add(key);
      return;
    }
    const [resource = '', namespace = '', name = ''] = key.slice(objectPrefix.length).split('/');
    const object = value === undefined ? undefined : (JSON.parse(value) as KubeObject);
    const collection = this.#collectionNamed(resource);
    const place = namespace ? `${namespace}/${name}` : name;
    if (object) this.#fieldSets.shareIn(object, collection.objects.get(place)?.object);
    collection.apply(place, object, revision, value?.length ?? 0);
  }
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}
