// Requests for objects: from a path and a query to the verb of a kind, and from its answer to bytes.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Kind, subresourcesOf } from '../../api/kinds/kind.ts';
import { applyType, patchTypes } from '../../api/patch/patch.ts';
import { BadRequest, MethodNotAllowed, NoSuchPath, UnsupportedMediaType } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import type { NodeProxy } from '../node-proxy.ts';
import { type NodeStreams, streamingSubresources } from '../node-streams.ts';
import type { ObjectProxy } from '../proxy/object-proxy.ts';
import { isTrue, type RestRequest, type RestVerb } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import type { ServerMetrics } from '../server-metrics.ts';
import type { User } from '../user.ts';
import { sendAnswer, warningsOf } from './answer.ts';
import type { AnswerForm } from './answer-form.ts';
import { decodeBody, mediaTypeOf, readBody } from './body.ts';
import { classOf, type InFlight } from './in-flight.ts';
import { wantedOf } from './negotiation.ts';
import type { ResourcePath } from './path.ts';
import { repeatedFields } from './repeated-fields.ts';
import type { ByteForm, Response } from './send.ts';
import { sendWatch } from './watch-answer.ts';

export interface ResourcesOptions {
  rest: Rest;
  kinds: readonly Kind[];
  authorizer: Authorizer;
  nodeProxy: NodeProxy;
  nodeStreams: NodeStreams;
  objectProxy: ObjectProxy;
  inFlight: InFlight;
  metrics: ServerMetrics;
  clock: Clock;
  log: Log;
}

/** A request whose sender is known and whose path has been read. */
export interface ResourceCall {
  request: IncomingMessage;
  response: Response;
  /** Aborted when the answer has been taken, or nobody is there any more to take it. */
  closed: AbortSignal;
  url: URL;
  path: ResourcePath;
  user: User;
  form: ByteForm;
  /** Aborted when the server stops: watches end then. */
  stopping: AbortSignal;
}

/** Of a call, what there is before anything was answered. */
export type UpgradeCall = Pick<ResourceCall, 'request' | 'url' | 'path' | 'user'>;

/** An answer that is not taken by then is taken back: it is kept in memory until then. */
const takenWithinMs = 60_000;

export class Resources {
  readonly #options: ResourcesOptions;
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(options: ResourcesOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
  }

  async serve(call: ResourceCall): Promise<void> {
    const { request, response, closed, url, path, user } = call;
    if (closed.aborted) return; // who went while it was asked who he is would keep his place for ever
    const query = Object.fromEntries(url.searchParams);
    const verb = verbOf(request.method, path, query);
    const { group, version, plural: resource, namespace, name, subresource } = path;
    const kind = this.#kinds.get(`${group}/${version}/${resource}`);
    if (!kind) {
      this.#options.authorizer.authorize(user, { verb, ...path, resource });
      throw new NoSuchPath();
    }
    const { inFlight, metrics, clock } = this.#options;
    const requestClass = classOf({ verb, resource, namespace, subresource });
    const leave = inFlight.enter(requestClass, user);
    const begunAt = performance.now();
    // Whoever asks for what there is not makes no series of metrics of it.
    const known = subresourcesOf(kind).some(({ name }) => name === subresource) ? subresource : undefined;
    const done = () => {
      leave();
      const labels = { verb, group, version, resource, subresource: known ?? '' };
      metrics.answered(labels, response.statusCode, (performance.now() - begunAt) / 1000);
    };
    closed.addEventListener('abort', done, { once: true });
    const contentType = mediaTypeOf(request.headers['content-type']);
    const userAgent = request.headers['user-agent'] ?? '';
    const said = { query, contentType, user, userAgent, warn: warningsOf(response) };
    try {
      await this.#answer(call, { verb, kind, namespace, name, subresource, ...said });
    } catch (error) {
      leave(); // a refusal costs nothing, and whoever does not take it keeps nobody waiting
      throw error;
    }
    if (requestClass === 'watching' || closed.aborted) return;
    const cancel = clock.after(takenWithinMs, () => response.destroy());
    closed.addEventListener('abort', cancel, { once: true });
  }

  /** A connection that shall become a stream to a pod. */
  async upgrade({ request, url, path, user }: UpgradeCall, socket: Duplex, head: Buffer): Promise<void> {
    const { group, version, plural, namespace, name, subresource } = path;
    const kind = this.#kinds.get(`${group}/${version}/${plural}`);
    const isStream = kind?.plural === 'pods' && streamingSubresources.includes(subresource ?? '');
    const isProxy = kind && isProxied(kind, subresource);
    if (!kind || !(isStream || isProxy)) throw new BadRequest('this cannot be upgraded to another protocol');
    const verb = request.method === 'POST' ? 'create' : 'get';
    const asked = {
      verb,
      kind,
      namespace,
      name,
      subresource,
      query: {},
      contentType: '',
      user,
      userAgent: '',
      warn() {},
    } as const;
    const { nodeStreams, objectProxy, rest } = this.#options;
    if (isProxy) return objectProxy.join({ asked, incoming: request, url }, socket, head, rest);
    await nodeStreams.join(asked, rest, {
      incoming: request,
      socket,
      head,
      query: url.searchParams,
    });
  }

  async #answer(call: ResourceCall, asked: RestRequest): Promise<void> {
    const { request, response, closed, url, form: bytes } = call;
    const { rest, nodeProxy, objectProxy, clock, log } = this.#options;
    const { verb, kind, query } = asked;
    if (isProxied(kind, asked.subresource))
      return objectProxy.serve({ asked, incoming: request, url }, { response, closed }, rest);
    if (kind.plural === 'pods' && asked.subresource === 'log') return nodeProxy.sendLog(asked, response, rest);
    if (kind.plural === 'pods' && streamingSubresources.includes(asked.subresource ?? '')) {
      rest.authorize(asked);
      throw new BadRequest('Upgrade request required');
    }
    const form: AnswerForm = {
      kind,
      ...bytes,
      ...wantedOf(request.headers.accept, verb, kind),
      includeObject: includeObjectOf(query.includeObject),
      nowMs: clock.now(),
    };
    if (verb === 'watch') return await sendWatch(call, asked, rest, form, clock, log);
    rest.authorize(asked);
    if (verb !== 'get' && verb !== 'list') {
      const bodyType = verb === 'patch' ? formOfPatch(asked.contentType) : asked.contentType;
      const { value, json } = await decodeBody(await readBody(request, clock), bodyType);
      asked.body = value;
      if (json !== undefined) asked.repeatedFields = () => repeatedFields(json);
    }
    await sendAnswer(response, await rest.handle(asked), form);
  }
}

/** Whether a request is passed on to what is behind the object. */
function isProxied({ group, subresources = [] }: Kind, subresource: string | undefined): boolean {
  return group === '' && subresource === 'proxy' && subresources.some(({ name }) => name === 'proxy');
}

/** All patches are JSON but for the one that says otherwise. */
function formOfPatch(patchType: string): string {
  if (!patchTypes.includes(patchType)) throw new UnsupportedMediaType(patchTypes);
  return patchType === applyType ? applyType : 'application/json';
}

function verbOf(
  method: string | undefined,
  { name, plural, subresource, isWatch }: ResourcePath,
  query: Record<string, string>,
): RestVerb {
  const isOne = name !== undefined;
  // What it means is the business of who is behind.
  if (isOne && subresource === 'proxy') return 'get';
  switch (method) {
    case 'GET':
    case 'HEAD':
      // One object is watched in the old form, or selected from its list: a query for it means nothing where a name stands.
      if (isWatch || (!isOne && isTrue(query.watch))) {
        if (isOne) query.fieldSelector = `metadata.name=${name}`;
        return 'watch';
      }
      return isOne ? 'get' : 'list';
    case 'POST':
      // A name in the path of a new object is one too many, unless something of it is made.
      if (!isOne || subresource) return 'create';
      break;
    case 'PUT':
      if (isOne) return 'update';
      break;
    case 'PATCH':
      if (isOne) return 'patch';
      break;
    case 'DELETE':
      return isOne ? 'delete' : 'deletecollection';
  }
  throw new MethodNotAllowed(`the server does not allow ${method} on ${plural}`);
}

function includeObjectOf(value: string | undefined): AnswerForm['includeObject'] {
  if (value === undefined || value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw new BadRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`);
}
