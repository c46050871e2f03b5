// How a client reaches the API: over HTTPS, or within the server's own process. Both carry the same requests.
import type { KubeObject } from '../api/meta.ts';

export interface Resource {
  group: string;
  version: string;
  plural: string;
}

export type Verb = 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete';

export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export interface ApiRequest {
  verb: Verb;
  resource: Resource;
  namespace?: string;
  name?: string;
  subresource?: string;
  query?: Record<string, string>;
  body?: unknown;
  /** The media type of the body where it is not JSON: one of the patch types. */
  contentType?: string;
}

export interface WatchRequest {
  resource: Resource;
  namespace?: string;
  query: Record<string, string>;
}

export type WatchEvent<T extends KubeObject = KubeObject> = {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
};

export interface ObjectList<T extends KubeObject = KubeObject> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

export interface Transport {
  /** Answers the object (or list, or Status) of the response; throws a StatusError for what is refused. */
  request(request: ApiRequest, signal?: AbortSignal): Promise<unknown>;
  /**
   * Yields events until the server ends the watch, the connection breaks (then it throws), or the signal is aborted.
   * Throws Expired where the revision is no longer at hand. Objects may be shared: never change them.
   */
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent>;
}
