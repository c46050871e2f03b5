// The API played from memory for tests of the agent alone: objects, watches, patches, and deletion of pods with a
// grace period. It knows just what the agent asks for; what the API really does is proved with the real server.
import { randomUUID } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import type { KubeObject } from '../../src/api/meta.ts';
import { typeNamed } from '../../src/api/openapi/schema.ts';
import type { ObjectType } from '../../src/api/openapi/type.ts';
import { applyPatch } from '../../src/api/patch/patch.ts';
import { AlreadyExists, NotFound } from '../../src/api/status.ts';
import type { ApiRequest, Transport, WatchEvent, WatchRequest } from '../../src/client/transport.ts';

type Target = Pick<ApiRequest, 'resource' | 'namespace' | 'name'>;

export class FakeApi implements Transport {
  readonly #objects = new Map<string, KubeObject>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #history: { plural: string; event: WatchEvent }[] = [];
  /** Every request is refused while this is set, as when the master is away. */
  isAway = false;
  /** How many are open. */
  watches = 0;
  /** How long a token of a service account is good for, whatever is asked for. */
  tokenSeconds: number | undefined;
  /** The pods for which tokens were asked for, as often as they were. */
  readonly tokenRequests: string[] = [];
  #breaks = new AbortController();

  async request(request: ApiRequest): Promise<unknown> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.isAway) throw new Error('the master is away');
    const { verb, resource } = request;
    if (verb === 'list') {
      const items = this.#all(resource.plural).filter((object) => isSelected(object, request));
      return { metadata: { resourceVersion: String(this.#history.length) }, items };
    }
    if (verb === 'create' && request.subresource === 'token') return this.#token(request);
    if (verb === 'create') return this.#create(request);
    if (verb === 'patch') {
      const object = patched(this.#find(request), request);
      return this.#put(resource.plural, 'MODIFIED', object);
    }
    if (verb === 'update') return this.#put(resource.plural, 'MODIFIED', request.body as KubeObject);
    if (verb === 'delete') return this.#delete(request);
    return this.#find(request);
  }

  async *watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    if (this.isAway) throw new Error('the master is away');
    const { plural } = request.resource;
    const { query } = request;
    const live = on(this.#changes, plural, { signal: AbortSignal.any([signal, this.#breaks.signal]) });
    this.watches += 1;
    try {
      for (const past of this.#history.slice(Number(query?.resourceVersion)))
        if (past.plural === plural && isSelected(past.event.object, request)) yield past.event;
      for await (const [event] of live) {
        if (isSelected((event as WatchEvent).object, request)) yield event as WatchEvent;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.watches -= 1;
    }
  }

  /** Ends all watches, as a connection that breaks does. */
  breakWatches(): void {
    this.#breaks.abort(new Error('the connection broke'));
    this.#breaks = new AbortController();
  }

  /** Everything that has been written, in order. */
  history(): { plural: string; object: KubeObject }[] {
    return this.#history.map(({ plural, event }) => ({ plural, object: event.object }));
  }

  #all(plural: string): KubeObject[] {
    return [...this.#objects].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object);
  }

  #find({ resource, namespace, name }: Target): KubeObject {
    const found = this.#objects.get(`${resource.plural}/${namespace ?? ''}/${name}`);
    if (!found) throw new NotFound({ group: resource.group, resource: resource.plural, name });
    return found;
  }

  #create({ resource, body }: ApiRequest): KubeObject {
    const draft = body as KubeObject;
    const { namespace = '', name } = draft.metadata;
    if (this.#objects.has(`${resource.plural}/${namespace}/${name}`))
      throw new AlreadyExists({ group: resource.group, resource: resource.plural, name });
    const creationTimestamp = new Date().toISOString();
    const metadata = { ...draft.metadata, uid: randomUUID(), creationTimestamp };
    return this.#put(resource.plural, 'ADDED', { ...draft, metadata });
  }

  #token({ namespace, name, body }: ApiRequest): object {
    type Bound = { name: string };
    const { spec } = body as { spec: { expirationSeconds: number; audiences: string[]; boundObjectRef: Bound } };
    this.tokenRequests.push(spec.boundObjectRef.name);
    const iat = Math.floor(Date.now() / 1000);
    const exp = iat + (this.tokenSeconds ?? spec.expirationSeconds);
    const claims = {
      iat,
      exp,
      aud: spec.audiences,
      sub: `${namespace}:${name}`,
      bound: spec.boundObjectRef,
      jti: randomUUID(),
    };
    return { status: { token: `head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature` } };
  }

  #delete(request: ApiRequest): KubeObject {
    const found = this.#find(request);
    const { gracePeriodSeconds } = request.body as { gracePeriodSeconds?: number };
    const { plural } = request.resource;
    if (plural !== 'pods' || gracePeriodSeconds === 0) return this.#put(plural, 'DELETED', found);
    const deletionGracePeriodSeconds = gracePeriodSeconds ?? 30;
    const deletionTimestamp = new Date(Date.now() + deletionGracePeriodSeconds * 1000).toISOString();
    const metadata = { ...found.metadata, deletionTimestamp, deletionGracePeriodSeconds };
    return this.#put(plural, 'MODIFIED', { ...found, metadata });
  }

  #put(plural: string, type: WatchEvent['type'], changed: KubeObject): KubeObject {
    const resourceVersion = String(this.#history.length + 1);
    const object = { ...changed, metadata: { ...changed.metadata, resourceVersion } };
    const key = `${plural}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    if (type === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, object);
    const event = { type, object };
    this.#history.push({ plural, event });
    this.#changes.emit(plural, event);
    return object;
  }
}

/** By namespace and by the fields of a selector, of which names are the only ones that matter here. */
function isSelected({ metadata }: KubeObject, { namespace, query }: Pick<ApiRequest, 'namespace' | 'query'>): boolean {
  const name = /(?:^|,)metadata\.name=([^,]+)/.exec(query?.fieldSelector ?? '')?.[1];
  return (!namespace || metadata.namespace === namespace) && (name === undefined || metadata.name === name);
}

/** Of all kinds the agent patches none but pods by knowing their type. */
const podType = typeNamed('io.k8s.api.core.v1.Pod') as ObjectType;

function patched(object: KubeObject, { contentType = '', body }: ApiRequest): KubeObject {
  return applyPatch(contentType, object, body, podType) as object as KubeObject;
}
