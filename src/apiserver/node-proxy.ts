// What the server asks of a node's agent on behalf of a client. It splices bytes and understands none of them.
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { addressOf, type Node, nodes } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { BadRequest, errorFromStatus, NotFound, ServiceUnavailable } from '../api/status.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import type { Response } from './http/answer.ts';
import type { RestRequest } from './rest/request.ts';
import type { Rest } from './rest/rest.ts';

export interface NodeProxyOptions {
  ca: string;
  /** The server's own client certificate, by which agents know it. */
  identity: CertificateAndKey;
}

export class NodeProxy {
  readonly #options: NodeProxyOptions;

  constructor(options: NodeProxyOptions) {
    this.#options = options;
  }

  /** pods/log: the log of a container, from the node on which it runs. */
  async sendLog(request: RestRequest, response: Response, rest: Rest): Promise<void> {
    rest.authorize(request);
    const pod = rest.find({ ...request, subresource: undefined }).object as Pod;
    const container = containerOf(pod, request.query.container);
    if (!pod.spec.nodeName) {
      // Nothing has been written yet, which is an empty log.
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end();
      return;
    }
    const { container: _, ...query } = request.query;
    const search = new URLSearchParams(query);
    const path = `/containerLogs/${pod.metadata.namespace}/${pod.metadata.name}/${container}?${search}`;
    await this.#splice(this.#target(rest, pod.spec.nodeName, path), response);
  }

  #target(rest: Rest, nodeName: string, path: string): RequestOptions {
    const node = rest.cache.get(nodes, undefined, nodeName)?.object as Node | undefined;
    if (!node) throw new NotFound({ group: '', resource: 'nodes', name: nodeName });
    const host = addressOf(node, 'InternalIP');
    const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port;
    if (!host || !port) throw new ServiceUnavailable(`node ${nodeName} has not said where its agent listens`);
    const { ca, identity } = this.#options;
    // The certificate must be this node's: an address may have been taken over by another host.
    return { host, port, path, ca, key: identity.key, cert: identity.certificate, servername: nodeName, agent: false };
  }

  #splice(target: RequestOptions, response: Response): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const upstream = httpsRequest(target, (answer) => {
      if (answer.statusCode !== 200) {
        answer.setEncoding('utf8');
        let text = '';
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () =>
          reject(errorFromStatus({ reason: 'BadRequest', message: text }, answer.statusCode ?? 500)),
        );
        return;
      }
      response.writeHead(200, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
      response.flushHeaders();
      answer.pipe(response);
      answer.once('end', resolve);
    });
    upstream.once('error', (error) => {
      const message = `error trying to reach the agent at ${target.host}:${target.port}: ${error.message}`;
      reject(new ServiceUnavailable(message));
    });
    response.once('close', () => {
      upstream.destroy();
      resolve();
    });
    upstream.end();
    return promise;
  }
}

function containerOf(pod: Pod, asked: string | undefined): string {
  const names = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name);
  const { name } = pod.metadata;
  if (asked !== undefined && asked !== '') {
    if (!names.includes(asked)) throw new BadRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  const only = names.length === 1 ? names[0] : preferred;
  if (only === undefined || !names.includes(only)) {
    throw new BadRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
  }
  return only;
}
