// The verbs of the API over any kind, behind authorization: the one door for HTTP and for the in-process client.
import { apiVersionOf, isStored, type Kind, resourceOf, storedKind } from '../../api/kinds/kind.ts';
import type { KubeObject } from '../../api/meta.ts';
import { applyType } from '../../api/patch/patch.ts';
import { MethodNotAllowed, NoSuchPath, NotFound, type Status } from '../../api/status.ts';
import { type Clock, timestamp } from '../../base/clock.ts';
import type { AdmissionStep } from '../admission/admission.ts';
import { AdmissionChain } from '../admission/admission-chain.ts';
import type { Authorize } from '../authz/authorizer.ts';
import type { CachedObject, ObjectCache } from '../object-cache.ts';
import type { ObjectStorage } from '../object-storage.ts';
import { Deletes, deletionStatus } from './deletes.ts';
import { revisionOf } from './list-options.ts';
import { type ListPage, listPage, reached } from './lists.ts';
import { type RestRequest, type RestVerb, subjectOf } from './request.ts';
import { type OpenWatch, openWatch, type WatchSink } from './watches.ts';
import { Writes, type Written } from './writes.ts';

export type RestAnswer =
  | { type: 'object'; code: number; cached: CachedObject }
  | ({ type: 'list' } & ListPage)
  | { type: 'status'; status: Status }
  /** An object of a subresource's own kind, which is stored nowhere. */
  | { type: 'plain'; code: number; object: object }
  /** One that has columns of its own. */
  | { type: 'shown'; code: number; object: KubeObject; kind: Kind };

/** What may be asked of a namespaced kind without naming a namespace. */
const acrossNamespaces: readonly RestVerb[] = ['list', 'watch', 'deletecollection'];

/** A subresource that needs code of its own: it answers as the verbs do. Status needs none. */
export type SubresourceHandler = (request: RestRequest, rest: Rest) => Promise<RestAnswer>;

export interface RestOptions {
  storage: ObjectStorage;
  authorize: Authorize;
  admission: readonly AdmissionStep[];
  /** By "plural/subresource", or "plural.group" for a kind that is never stored. */
  subresources: Readonly<Record<string, SubresourceHandler>>;
  serviceCidr: string;
  clock: Clock;
}

export class Rest {
  /** Throws Forbidden. */
  readonly authorize: Authorize;
  readonly #subresources: Readonly<Record<string, SubresourceHandler>>;
  readonly cache: ObjectCache;
  readonly writes: Writes;
  readonly deletes: Deletes;
  readonly #admission: AdmissionChain;
  readonly #clock: Clock;

  constructor({ storage, authorize, admission, subresources, serviceCidr, clock }: RestOptions) {
    this.authorize = authorize;
    this.#subresources = subresources;
    this.cache = storage.cache;
    this.#clock = clock;
    this.#admission = new AdmissionChain(admission, { cache: storage.cache, serviceCidr, clock });
    this.writes = new Writes(storage, this.#admission, clock);
    this.deletes = new Deletes(storage, this.#admission, clock);
  }

  async handle(request: RestRequest): Promise<RestAnswer> {
    this.authorize(request);
    checkAddress(request);
    if (request.kind.deprecation) request.warn(request.kind.deprecation);
    const handler = this.#handlerOf(request);
    if (handler) {
      await this.#admitThrough(request);
      return handler(request, this);
    }
    switch (request.verb) {
      case 'get':
        await reached(this.cache, revisionOf(request.query.resourceVersion ?? '') ?? 0, this.#clock);
        return object(200, this.find(request));
      case 'list':
        return { type: 'list', ...(await listPage(this.cache, request, this.#clock)) };
      case 'create':
        return object(201, await this.writes.create(request));
      case 'update':
        return written(await this.writes.update(request, () => this.authorize({ ...request, verb: 'create' })));
      case 'patch':
        if (request.contentType === applyType) {
          return written(await this.writes.apply(request, () => this.authorize({ ...request, verb: 'create' })));
        }
        return object(200, await this.writes.patch(request));
      case 'delete': {
        const { cached, gone } = await this.deletes.deleteOne(request);
        if (!gone || storedKind(request.kind).showsDeleted) return object(200, cached);
        return { type: 'status', status: deletionStatus(request, cached.object) };
      }
      case 'deletecollection':
        return { type: 'list', items: await this.deletes.deleteMany(request), revision: this.cache.revision };
      case 'watch':
        throw new MethodNotAllowed();
    }
  }

  async watch(request: RestRequest, sink: WatchSink): Promise<OpenWatch> {
    this.authorize(request);
    // Whole objects are watched: who may watch a part of them, which nobody serves, may not see them for it.
    if (request.subresource) throw new NoSuchPath();
    checkAddress(request);
    return openWatch(this.cache, request, sink, this.#clock);
  }

  /** The time as objects bear it. */
  now(): string {
    return timestamp(this.#clock.now());
  }

  /** The current object, or NotFound. */
  find(request: RestRequest): CachedObject {
    const found = this.cache.get(request.kind, request.namespace, request.name ?? '');
    if (!found) throw new NotFound(subjectOf(request));
    return found;
  }

  /** To create through a subresource is admitted, too. What is sent stays with who answers. */
  async #admitThrough(request: RestRequest): Promise<void> {
    const { verb, subresource, name = '' } = request;
    if (verb !== 'create' || !subresource) return;
    const kind = storedKind(request.kind);
    const object = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name } };
    await this.#admission.admit({ operation: 'create', request, kind, object, previous: undefined });
  }

  /** What answers in place of the store: for most subresources, and for kinds that are never stored. */
  #handlerOf({ kind, subresource }: RestRequest): SubresourceHandler | undefined {
    if (subresource === 'status' || (!subresource && isStored(kind))) return undefined;
    const handler = this.#subresources[subresource ? `${kind.plural}/${subresource}` : resourceOf(kind)];
    if (!handler) throw new NoSuchPath();
    return handler;
  }
}

/** That what is addressed can be: kinds outside of namespaces, those without a status, and what a subresource does. */
function checkAddress({ kind, namespace, subresource, verb }: RestRequest): void {
  if (!kind.namespaced && namespace) throw new NoSuchPath();
  if (!subresource && kind.verbs && !kind.verbs.includes(verb)) throw new MethodNotAllowed();
  if (kind.namespaced && !namespace && !acrossNamespaces.includes(verb)) throw new MethodNotAllowed();
  const served = kind.subresources?.find(({ name }) => name === subresource);
  if (served && !served.verbs.includes(verb)) throw new MethodNotAllowed();
  if (subresource !== 'status') return;
  if (!kind.hasStatus) throw new NoSuchPath();
  if (!['get', 'update', 'patch'].includes(verb)) throw new MethodNotAllowed();
}

const written = ({ cached, isNew }: Written): RestAnswer => object(isNew ? 201 : 200, cached);

export function object(code: number, cached: CachedObject): RestAnswer {
  return { type: 'object', code, cached };
}
