// The agent's own API over TLS. Only who shows a certificate of the cluster's authority for the group system:masters is
// answered: the server, on behalf of those it has authorized.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { CertificateAndKey } from '../../pki/certificate.ts';
import type { ContainerWatch } from '../pods/container-watch.ts';
import type { Runtime } from '../runtime.ts';
import { containerForLog, LogRefusal, sendLog } from './container-logs.ts';
import { BadLogQuery, parseLogQuery } from './log-query.ts';

export interface NodeApiOptions {
  ca: string;
  serving: CertificateAndKey;
  runtime: Runtime;
  containers: Pick<ContainerWatch, 'of'>;
  pods(): Pod[];
  clock: Clock;
  log: Log;
}

const mastersGroup = 'system:masters';

export class NodeApi {
  readonly #options: NodeApiOptions;
  readonly #server: Server;

  constructor(options: NodeApiOptions) {
    this.#options = options;
    const { ca, serving } = options;
    const tls = { ca, cert: serving.certificate, key: serving.key, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(tls, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => this.#fail(response, error));
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '0.0.0.0');
    await once(this.#server, 'listening');
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request.socket as TLSSocket);
    const url = new URL(request.url ?? '/', 'https://agent');
    const [first, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
    if (refusal) {
      send(response, refusal, refusal === 401 ? 'Unauthorized' : 'Forbidden');
    } else if (request.method !== 'GET') {
      send(response, 405, 'Method Not Allowed');
    } else if (first === 'healthz') {
      send(response, 200, 'ok');
    } else if (first === 'pods') {
      const list = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#options.pods() };
      send(response, 200, JSON.stringify(list), 'application/json');
    } else if (first === 'containerLogs' && rest.length === 3) {
      const [namespace = '', pod = '', container = ''] = rest;
      await this.#sendLog({ namespace, pod, container }, url.searchParams, response);
    } else {
      send(response, 404, '404 page not found');
    }
  }

  async #sendLog(
    target: { namespace: string; pod: string; container: string },
    parameters: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    const { pods, containers, runtime, clock } = this.#options;
    const query = parseLogQuery(parameters, clock.now());
    const pod = pods().find(({ metadata }) => metadata.namespace === target.namespace && metadata.name === target.pod);
    if (!pod) throw new LogRefusal(404, `pods "${target.pod}" not found`);
    const container = containerForLog(pod, containers.of(pod.metadata.uid ?? ''), target.container, query.previous);
    await sendLog(runtime, container, query, response);
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof LogRefusal ? error.code : error instanceof BadLogQuery ? 400 : 500;
    if (code === 500) this.#options.log.warn('a request failed', { error });
    send(response, code, message);
  }
}

/** The HTTP code by which the other end is refused; undefined where it may ask. */
function refusalOf(socket: TLSSocket): 401 | 403 | undefined {
  if (!socket.authorized) return 401;
  const { O: group } = socket.getPeerCertificate().subject ?? {};
  const groups: string[] = Array.isArray(group) ? group : [group ?? ''];
  return groups.includes(mastersGroup) ? undefined : 403;
}

function send(response: ServerResponse, code: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
