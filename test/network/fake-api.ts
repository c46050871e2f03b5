// An API server's list and watch over objects that a test puts in, for the informers of what is tested. Nothing else.
import type { KubeObject } from '../../src/api/meta.ts';
import { keyOf } from '../../src/api/meta.ts';
import type { ApiRequest, ObjectList, Transport, WatchEvent, WatchRequest } from '../../src/client/transport.ts';

export class FakeApi implements Transport {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #watchers = new Map<string, Set<(event: WatchEvent) => void>>();
  readonly #present = Promise.withResolvers<void>();
  #revision = 1;

  /** Until then nobody gets an answer, as when the master is away. */
  appear(): void {
    this.#present.resolve();
  }

  put(plural: string, object: KubeObject): void {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } };
    const objects = this.#of(plural);
    const type = objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
    objects.set(keyOf(object), stored);
    this.#tell(plural, { type, object: stored });
  }

  delete(plural: string, key: string): void {
    const object = this.#of(plural).get(key);
    if (!object) throw new Error(`there is no ${plural} ${key}`);
    this.#of(plural).delete(key);
    this.#tell(plural, {
      type: 'DELETED',
      object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } },
    });
  }

  async request({ verb, resource }: ApiRequest): Promise<ObjectList> {
    if (verb !== 'list') throw new Error(`this API cannot ${verb}`);
    await this.#present.promise;
    return { metadata: { resourceVersion: String(this.#revision) }, items: [...this.#of(resource.plural).values()] };
  }

  async *watch({ resource, query }: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const since = Number(query.resourceVersion);
    const events: WatchEvent[] = [...this.#of(resource.plural).values()]
      .filter(({ metadata }) => Number(metadata.resourceVersion) > since)
      .map((object) => ({ type: 'MODIFIED', object }));
    let wake = () => {};
    const hear = (event: WatchEvent) => {
      events.push(event);
      wake();
    };
    const watchers = this.#watchers.get(resource.plural) ?? new Set();
    this.#watchers.set(resource.plural, watchers.add(hear));
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      const event = events.shift();
      if (event) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    watchers.delete(hear);
  }

  #of(plural: string): Map<string, KubeObject> {
    const objects = this.#objects.get(plural) ?? new Map<string, KubeObject>();
    this.#objects.set(plural, objects);
    return objects;
  }

  #tell(plural: string, event: WatchEvent): void {
    for (const hear of this.#watchers.get(plural) ?? []) hear(event);
  }
}
