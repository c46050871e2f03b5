// What the server asks of a node's agent on behalf of a client. It splices bytes and understands none of them.
// Holds: every answer ends, also when the agent is silent, or dies in the middle of it.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { Pod } from '../api/kinds/pod.ts';
import { faultsInLogOptions } from '../api/pod-log-options.ts';
import {
  BadRequest,
  errorFromStatus,
  InternalError,
  Invalid,
  MethodNotAllowed,
  ServiceUnavailable,
  StatusError,
} from '../api/status.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { type AgentAccess, agentTarget, containerOf } from './agents.ts';
import type { Response } from './http/send.ts';
import { isTrue, type RestRequest } from './rest/request.ts';
import type { Rest } from './rest/rest.ts';

export interface NodeProxyOptions extends AgentAccess {
  clock?: Clock;
  /** How long connecting and the beginning of the answer may take. */
  answerTimeoutMs?: number;
}

const errorTextLength = 64 * 1024;

export class NodeProxy {
  readonly #options: NodeProxyOptions;

  constructor(options: NodeProxyOptions) {
    this.#options = options;
  }

  /** pods/log: the log of a container, from the node on which it runs. */
  async sendLog(request: RestRequest, response: Response, rest: Rest): Promise<void> {
    rest.authorize(request);
    if (request.verb !== 'get') throw new MethodNotAllowed();
    const pod = rest.find({ ...request, subresource: undefined }).object as Pod;
    const container = containerOf(pod, request.query.container);
    const faults = faultsInLogOptions(request.query);
    if (faults.length > 0) throw new Invalid({ group: '', kind: 'PodLogOptions', name: pod.metadata.name }, faults);
    if (!pod.spec.nodeName) {
      // Nothing can have been written yet.
      response.writeHead(204).end();
      return;
    }
    const { container: _, insecureSkipTLSVerifyBackend, ...query } = request.query;
    const search = new URLSearchParams(query);
    const rejectUnauthorized = !isTrue(insecureSkipTLSVerifyBackend);
    const path = `/containerLogs/${pod.metadata.namespace}/${pod.metadata.name}/${container}?${search}`;
    const target = agentTarget(rest.cache, pod.spec.nodeName, this.#options);
    await this.#splice({ ...target, path, rejectUnauthorized }, response);
  }

  async #splice(target: RequestOptions, response: Response): Promise<void> {
    const { clock = systemClock, answerTimeoutMs = 10_000 } = this.#options;
    const upstream = httpsRequest(target);
    upstream.on('error', () => {}); // told by what is awaited
    const cancel = clock.after(answerTimeoutMs, () => upstream.destroy(new Error('it did not answer in time')));
    let isGone = false;
    response.once('close', () => {
      isGone = true;
      upstream.destroy();
    });
    try {
      upstream.end();
      const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
      if (answer.statusCode !== 200) throw await refusalOf(answer);
      cancel();
      response.writeHead(200, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
      response.flushHeaders();
      await pipeline(answer, response);
    } catch (error) {
      if (isGone) return;
      if (error instanceof StatusError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ServiceUnavailable(`error trying to reach the agent at ${target.host}:${target.port}: ${why}`);
    } finally {
      cancel();
      upstream.destroy();
    }
  }
}

/** What an agent refused, in the words that it found. */
export async function refusalOf(answer: IncomingMessage): Promise<StatusError> {
  return errorOf(answer.statusCode ?? 500, await beginningOf(answer));
}

function errorOf(code: number, text: string): StatusError {
  switch (code) {
    case 400:
      return new BadRequest(text);
    case 404:
      return errorFromStatus({ reason: 'NotFound', message: text }, code);
    case 500:
      return new InternalError(text);
    case 503:
      return new ServiceUnavailable(text);
    default:
      // The client's own credentials are in order even where the server's are not: 401 and 403 would mislead it.
      return new InternalError(`the agent answered ${code}: ${text}`);
  }
}

/** An answer's text, so much of it as anyone would read. */
export async function beginningOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length >= errorTextLength) break;
  }
  return text.slice(0, errorTextLength);
}
