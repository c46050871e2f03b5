// A typed client of the Kubernetes API over any transport. What it answers may be shared and frozen: copy before changing.
import { apiVersionOf, type Kind } from '../api/kinds/kind.ts';
import type { KubeObject, ObjectMeta } from '../api/meta.ts';
import {
  type ApiRequest,
  type ObjectList,
  patchTypes,
  type Resource,
  type Transport,
  type WatchEvent,
} from './transport.ts';

export interface Ref {
  namespace?: string | undefined;
  name: string;
}

/** What is needed to make an object: the kind adds apiVersion and kind, the server the rest. */
export type Draft<T extends KubeObject> = Partial<Omit<T, 'metadata' | 'apiVersion' | 'kind'>> & {
  metadata: Partial<ObjectMeta>;
};

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  /** Deletes only this very object, not another one that took its name. */
  uid?: string | undefined;
}

export interface ApplyOptions {
  /** Under which name the fields are owned. */
  fieldManager: string;
  /** Takes the fields that others own, too, instead of meeting a conflict. */
  force?: boolean;
}

export class Client {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T extends KubeObject>(kind: Kind<T>, ref: Ref): Promise<T> {
    return (await this.#transport.request({ verb: 'get', ...target(kind, ref) })) as T;
  }

  async list<T extends KubeObject>(kind: Kind<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace, ...selectors } = options;
    const request: ApiRequest = {
      verb: 'list',
      resource: resource(kind),
      query: { ...selectors },
      ...(namespace && { namespace }),
    };
    return (await this.#transport.request(request)) as ObjectList<T>;
  }

  watch<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions & { resourceVersion: string },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>> {
    const { namespace, ...query } = options;
    const request = {
      resource: resource(kind),
      query: { ...query, allowWatchBookmarks: 'true' },
      ...(namespace && { namespace }),
    };
    return this.#transport.watch(request, signal) as AsyncIterable<WatchEvent<T>>;
  }

  async create<T extends KubeObject>(kind: Kind<T>, draft: Draft<T>): Promise<T> {
    const { namespace } = draft.metadata;
    const request: ApiRequest = {
      verb: 'create',
      resource: resource(kind),
      body: whole(kind, draft),
      ...(namespace && { namespace }),
    };
    return (await this.#transport.request(request)) as T;
  }

  async update<T extends KubeObject>(kind: Kind<T>, object: T, subresource?: string): Promise<T> {
    const request: ApiRequest = {
      verb: 'update',
      ...target(kind, object.metadata, subresource),
      body: whole(kind, object),
    };
    return (await this.#transport.request(request)) as T;
  }

  /** A merge patch unless another type is named. */
  async patch<T extends KubeObject>(
    kind: Kind<T>,
    ref: Ref,
    patch: object,
    options: { type?: Exclude<keyof typeof patchTypes, 'apply'>; subresource?: string } = {},
  ): Promise<T> {
    const contentType = patchTypes[options.type ?? 'merge'];
    const request: ApiRequest = { verb: 'patch', ...target(kind, ref, options.subresource), body: patch, contentType };
    return (await this.#transport.request(request)) as T;
  }

  /**
   * Server-side apply: makes the object, or gives it what is said here and takes away what this manager said before. Fields that
   * nobody knows are refused.
   */
  async apply<T extends KubeObject>(kind: Kind<T>, draft: Draft<T>, options: ApplyOptions): Promise<T> {
    const { fieldManager, force = false } = options;
    const { name, namespace } = draft.metadata;
    const request: ApiRequest = {
      verb: 'patch',
      ...target(kind, { name: name ?? '', namespace }),
      query: { fieldManager, fieldValidation: 'Strict', ...(force && { force: 'true' }) },
      body: whole(kind, draft),
      contentType: patchTypes.apply,
    };
    return (await this.#transport.request(request)) as T;
  }

  async delete<T extends KubeObject>(kind: Kind<T>, ref: Ref, options: DeleteOptions = {}): Promise<void> {
    const { uid, ...rest } = options;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...rest, ...(uid && { preconditions: { uid } }) };
    await this.#transport.request({ verb: 'delete', ...target(kind, ref), body });
  }

  /** Writes an object of another kind through a subresource, as a Binding through pods/binding. */
  async createThrough<Answer = unknown>(kind: Resource, ref: Ref, subresource: string, body: object): Promise<Answer> {
    return (await this.#transport.request({ verb: 'create', ...target(kind, ref, subresource), body })) as Answer;
  }
}

function resource({ group, version, plural }: Resource): Resource {
  return { group, version, plural };
}

function target(kind: Resource, ref: Ref, subresource?: string): Omit<ApiRequest, 'verb'> {
  return {
    resource: resource(kind),
    name: ref.name,
    ...(ref.namespace && { namespace: ref.namespace }),
    ...(subresource && { subresource }),
  };
}

function whole<T extends KubeObject>(kind: Kind<T>, draft: Draft<T>): object {
  return { ...draft, apiVersion: apiVersionOf(kind), kind: kind.kind };
}
