// A local, live copy of all objects of a kind (or of those a selector picks): list once, then watch.
// Holds: handlers see every object's changes in order; after a break the copy is brought up to date by what differs; one
// that throws holds up neither the copy nor the others.

import type { Kind } from '../api/kinds/kind.ts';
import { type KubeObject, keyOf } from '../api/meta.ts';
import { isExpired } from '../api/status.ts';
import { Backoff } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client, ListOptions } from './client.ts';

export interface Change<T> {
  key: string;
  /** Absent when the object has been deleted. */
  object: T | undefined;
  /** Absent when the object is new here. */
  previous: T | undefined;
}

export interface InformerOptions<T extends KubeObject> {
  client: Client;
  kind: Kind<T>;
  log: Log;
  clock?: Clock;
  select?: ListOptions;
  /** What of an object is kept in the copy; all of it unless told. Its name and revision must stay. */
  keep?: (object: T) => T;
}

export class Informer<T extends KubeObject> {
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #objects = new Map<string, T>();
  readonly #handlers: ((change: Change<T>) => void)[] = [];
  readonly #indexes: Index<T>[] = [];
  readonly #synced = Promise.withResolvers<void>();
  readonly #listed = Promise.withResolvers<void>();
  #revision: string | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Resolves when the copy is complete for the first time: as the API has it, or as it was assumed. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Resolves when the copy is complete for the first time as the API has it, whatever was assumed. */
  get listed(): Promise<void> {
    return this.#listed.promise;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** Calls the handler for what is here already and for every change from now on. */
  onChange(handler: (change: Change<T>) => void): void {
    this.#handlers.push(handler);
    for (const [key, object] of this.#objects) handler({ key, object, previous: undefined });
  }

  /** A lookup by whatever keys the function finds in an object, kept up to date. */
  indexBy(keysOf: (object: T) => string[]): (key: string) => T[] {
    const index = new Index(keysOf);
    this.#indexes.push(index);
    for (const [key, object] of this.#objects) index.add(key, object);
    return (key) => index.lookup(key);
  }

  /** What was known in an earlier life stands in until the API answers; it brings the copy up to date by what differs. */
  assume(objects: T[]): void {
    if (this.#revision !== undefined) return;
    for (const object of objects) this.#put(keyOf(object), object);
    this.#synced.resolve();
  }

  /** Keeps the copy until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ firstMs: 50, ceilingMs: 5_000 });
    while (!signal.aborted) {
      try {
        if (this.#revision === undefined) await this.#relist(signal);
        await this.#follow(signal, () => backoff.forget('watch'));
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) this.#revision = undefined;
        else this.#options.log.warn('watch broke off, trying again', { kind: this.#options.kind.kind, error });
        await this.#clock.sleep(backoff.nextMs('watch'), signal).catch(() => {});
      }
    }
  }

  async #relist(signal: AbortSignal): Promise<void> {
    const list = await this.#options.client.list(this.#options.kind, this.#options.select);
    if (signal.aborted) return;
    const listed = new Set(list.items.map(keyOf));
    for (const key of [...this.#objects.keys()]) if (!listed.has(key)) this.#put(key, undefined);
    for (const object of list.items) {
      const known = this.#objects.get(keyOf(object));
      if (known?.metadata.resourceVersion !== object.metadata.resourceVersion) this.#put(keyOf(object), object);
    }
    this.#revision = list.metadata.resourceVersion;
    this.#synced.resolve();
    this.#listed.resolve();
  }

  async #follow(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const options = { ...this.#options.select, resourceVersion: this.#revision ?? '0' };
    for await (const { type, object } of this.#options.client.watch(this.#options.kind, options, signal)) {
      onProgress();
      if (type !== 'BOOKMARK') this.#put(keyOf(object), type === 'DELETED' ? undefined : object);
      this.#revision = object.metadata.resourceVersion;
    }
  }

  #put(key: string, arrived: T | undefined): void {
    const object = arrived && (this.#options.keep?.(arrived) ?? arrived);
    const previous = this.#objects.get(key);
    if (object) this.#objects.set(key, object);
    else if (!this.#objects.delete(key)) return;
    const change = { key, object, previous };
    for (const index of this.#indexes) {
      if (previous) this.#guard(key, () => index.remove(key, previous));
      if (object) this.#guard(key, () => index.add(key, object));
    }
    for (const handler of this.#handlers) this.#guard(key, () => handler(change));
  }

  #guard(key: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      const why = error instanceof Error ? error.stack : error;
      this.#options.log.error('a handler failed', { kind: this.#options.kind.kind, key, error: why });
    }
  }
}

class Index<T> {
  readonly #keysOf: (object: T) => string[];
  readonly #found = new Map<string, Map<string, T>>();

  constructor(keysOf: (object: T) => string[]) {
    this.#keysOf = keysOf;
  }

  lookup(key: string): T[] {
    return [...(this.#found.get(key)?.values() ?? [])];
  }

  remove(key: string, object: T): void {
    for (const indexKey of this.#keysOf(object)) {
      const entry = this.#found.get(indexKey);
      entry?.delete(key);
      if (entry?.size === 0) this.#found.delete(indexKey);
    }
  }

  add(key: string, object: T): void {
    for (const indexKey of this.#keysOf(object)) {
      const entry = this.#found.get(indexKey) ?? new Map<string, T>();
      this.#found.set(indexKey, entry.set(key, object));
    }
  }
}
