// The API within the server's own process: the same door as over HTTP, with nothing encoded. What is read is the cache's
// own frozen objects.
import { type Kind, resourceOf } from '../api/kinds/kind.ts';
import { mutableCopy } from '../api/meta.ts';
import { NoSuchPath } from '../api/status.ts';
import { AsyncQueue } from '../base/async-queue.ts';
import type { ApiRequest, ObjectList, Resource, Transport, WatchEvent, WatchRequest } from '../client/transport.ts';
import type { RestRequest } from './rest/request.ts';
import type { Rest, RestAnswer } from './rest/rest.ts';
import type { User } from './user.ts';

export class InProcessTransport implements Transport {
  readonly #rest: Rest;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #user: User;

  constructor(rest: Rest, kinds: readonly Kind[], user: User) {
    this.#rest = rest;
    this.#kinds = new Map(kinds.map((kind) => [resourceOf(kind), kind]));
    this.#user = user;
  }

  async request(request: ApiRequest): Promise<unknown> {
    const { verb, namespace, name, subresource, query = {}, contentType = 'application/json' } = request;
    const body = mutableCopy(request.body);
    const resolved = this.#resolve(request.resource, { verb, namespace, name, subresource, query, body, contentType });
    return plainAnswer(await this.#rest.handle(resolved), resolved.kind);
  }

  async *watch({ resource, namespace, query }: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const request = this.#resolve(resource, { verb: 'watch', namespace, query, contentType: '' });
    const events = new AsyncQueue<WatchEvent>();
    const watch = await this.#rest.watch(request, {
      event: (type, { object }) => events.push({ type, object }),
      fail: (error) => events.fail(error),
      bookmark: () => {}, // nobody resumes a watch that never breaks
    });
    const end = () => events.end();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    try {
      yield* events;
    } finally {
      signal.removeEventListener('abort', end);
      watch.close();
    }
  }

  #resolve(resource: Resource, rest: Omit<RestRequest, 'kind' | 'user' | 'userAgent' | 'warn'>): RestRequest {
    const kind = this.#kinds.get(resourceOf(resource));
    if (!kind) throw new NoSuchPath();
    return { ...rest, kind, user: this.#user, userAgent: programOf(this.#user), warn: () => {} };
  }
}

/** "wherry-server" of "system:wherry:server". */
function programOf({ name }: User): string {
  return name.replace(/^system:/, '').replaceAll(':', '-');
}

function plainAnswer(answer: RestAnswer, kind: Kind): unknown {
  switch (answer.type) {
    case 'object':
      return answer.cached.as(kind).object;
    case 'list':
      return {
        metadata: { resourceVersion: String(answer.revision) },
        items: answer.items.map((item) => item.as(kind).object),
      } satisfies ObjectList;
    case 'status':
      return answer.status;
    case 'plain':
    case 'shown':
      return answer.object;
  }
}
