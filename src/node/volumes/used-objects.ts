// The config maps and secrets that pods of this node use: each has a watch of its own from its first user to its last.
// Holds: what was seen once is answered for as long as it has a user, be the API there or away; one that can never change
// is read once and not watched.
import { isExpired, isNotFound, isRefusal } from '../../api/status.ts';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import { keyOf } from './object-references.ts';
import { type Content, type ContentRef, type Keepsakes, noKeepsakes, type ObjectSource } from './object-source.ts';
import { VolumeProblem } from './volume-problem.ts';

export interface UsedObjectsOptions {
  client: Client;
  clock: Clock;
  log: Log;
  keepsakes?: Keepsakes | undefined;
  /** An object that a pod uses is not what it was. */
  onChange(podUid: string): void;
}

interface UsedObject extends ContentRef {
  readonly key: string;
  readonly users: Set<string>;
  readonly abort: AbortController;
  /** Whether it is known if there is such an object. */
  isKnown: boolean;
  content: Content | undefined;
  revision: string | undefined;
  /** Settles when the API has answered, or has failed to. */
  asked: PromiseWithResolvers<void>;
}

export class UsedObjects implements ObjectSource {
  readonly #options: UsedObjectsOptions;
  readonly #keepsakes: Keepsakes;
  readonly #objects = new Map<string, UsedObject>();
  readonly #backoff = new Backoff({ firstMs: 100, ceilingMs: 5_000 });
  #rest: Promise<void> | undefined;

  constructor(options: UsedObjectsOptions) {
    this.#options = options;
    this.#keepsakes = options.keepsakes ?? noKeepsakes;
  }

  /** From now on the pod uses these and no others. */
  use(podUid: string, wanted: readonly ContentRef[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const object of this.#objects.values()) if (!keys.has(object.key)) this.#leave(object, podUid);
    for (const one of wanted) (this.#objects.get(keyOf(one)) ?? this.#begin(one)).users.add(podUid);
  }

  release(podUid: string): void {
    for (const object of this.#objects.values()) this.#leave(object, podUid);
  }

  async get(wanted: ContentRef): Promise<Content | undefined> {
    const object = this.#objects.get(keyOf(wanted));
    if (!object) return this.#getOnce(wanted);
    if (object.isKnown) return object.content;
    try {
      await object.asked.promise;
      return object.content;
    } catch (error) {
      const kept = isRefusal(error) ? undefined : await this.#keepsakes.find(object.key, '');
      if (kept !== undefined) return JSON.parse(kept) as Content;
      const why = error instanceof Error ? error.message : String(error);
      throw new VolumeProblem(`failed to sync ${wanted.kind.kind.toLowerCase()} cache: ${why}`);
    }
  }

  /** How many are watched or kept. */
  get count(): number {
    return this.#objects.size;
  }

  close(): void {
    for (const { abort } of this.#objects.values()) abort.abort();
    this.#objects.clear();
  }

  async #getOnce({ kind, ref }: ContentRef): Promise<Content | undefined> {
    try {
      return await this.#options.client.get<Content>(kind, ref);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #begin(wanted: ContentRef): UsedObject {
    const object: UsedObject = {
      ...wanted,
      key: keyOf(wanted),
      users: new Set(),
      abort: new AbortController(),
      isKnown: false,
      content: undefined,
      revision: undefined,
      asked: promiseOfAnswer(),
    };
    this.#objects.set(object.key, object);
    void this.#follow(object, object.abort.signal);
    return object;
  }

  #leave(object: UsedObject, podUid: string): void {
    if (!object.users.delete(podUid) || object.users.size > 0) return;
    object.abort.abort();
    this.#objects.delete(object.key);
    this.#backoff.forget(object.key);
    this.#keepsakes.drop(object.key);
  }

  async #follow(object: UsedObject, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (object.revision === undefined) await this.#list(object, signal);
        if (object.content?.immutable) return;
        await this.#watch(object, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) object.revision = undefined;
        this.#failed(object, error);
        await this.#pause(object, error).catch(() => {});
      }
    }
  }

  async #list(object: UsedObject, signal: AbortSignal): Promise<void> {
    const { kind, ref } = object;
    const list = await this.#options.client.list<Content>(kind, selection(ref));
    if (signal.aborted) return;
    this.#put(object, list.items[0]);
    object.revision = list.metadata.resourceVersion;
    this.#reached(object);
  }

  async #watch(object: UsedObject, signal: AbortSignal): Promise<void> {
    const { kind, ref } = object;
    const options = { ...selection(ref), resourceVersion: object.revision ?? '0' };
    for await (const event of this.#options.client.watch<Content>(kind, options, signal)) {
      if (signal.aborted) return;
      this.#reached(object);
      if (event.type !== 'BOOKMARK') this.#put(object, event.type === 'DELETED' ? undefined : event.object);
      object.revision = event.object.metadata.resourceVersion;
      if (object.content?.immutable) return;
    }
  }

  #put(object: UsedObject, content: Content | undefined): void {
    const wasKnown = object.isKnown;
    const previous = object.content;
    object.content = content;
    object.isKnown = true;
    object.asked.resolve();
    if (content) this.#keepsakes.keep(object.key, '', JSON.stringify(content));
    else if (previous) this.#keepsakes.drop(object.key);
    // Who asked for it first has not seen anything yet.
    if (wasKnown && previous?.metadata.resourceVersion !== content?.metadata.resourceVersion)
      for (const uid of object.users) this.#options.onChange(uid);
  }

  #failed(object: UsedObject, error: unknown): void {
    if (object.isKnown) return;
    object.asked.reject(error);
    object.asked = promiseOfAnswer();
  }

  #reached(object: UsedObject): void {
    this.#backoff.forget(object.key);
    this.#backoff.forget('API');
  }

  /** What is refused is refused alone; while the API is away all rest together, and come again together. */
  async #pause(object: UsedObject, error: unknown): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = object.abort;
    if (isRefusal(error)) {
      log.debug('an object that a pod uses may not be read', { key: object.key, error });
      await clock.sleep(this.#backoff.nextMs(object.key), signal);
      return;
    }
    this.#rest ??= clock.sleep(this.#backoff.nextMs('API')).finally(() => {
      this.#rest = undefined;
    });
    await this.#rest;
  }
}

function selection({ namespace = '', name }: ContentRef['ref']): { namespace: string; fieldSelector: string } {
  return { namespace, fieldSelector: `metadata.name=${name}` };
}

function promiseOfAnswer(): PromiseWithResolvers<void> {
  const answer = Promise.withResolvers<void>();
  answer.promise.catch(() => {}); // nobody may be waiting
  return answer;
}
