// What is served besides resources: health, version, discovery, OpenAPI.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { MethodNotAllowed, NoSuchPath } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { OpenIdDocuments } from '../authn/openid.ts';
import type { Discovery } from '../discovery.ts';
import type { Health } from '../health.ts';
import type { OpenApi } from '../openapi/open-api.ts';
import type { ServerMetrics } from '../server-metrics.ts';
import { versionDocument } from '../version.ts';
import { checkAcceptable } from './negotiation.ts';
import { type ByteForm, type Response, sendBytes, sendJson, sendObject, sendText } from './send.ts';

export interface DocumentSources {
  /** By path. */
  openId: OpenIdDocuments;
  discovery: Discovery;
  openApi: OpenApi;
  health: Health;
  /** "host:port" by which clients are told to come. */
  advertised: string;
  metrics: ServerMetrics;
  clock: Clock;
}

export class Documents {
  readonly #sources: DocumentSources;

  constructor(sources: DocumentSources) {
    this.#sources = sources;
  }

  async send(request: IncomingMessage, response: Response, url: URL, form: ByteForm): Promise<void> {
    const path = url.pathname.replace(/\/$/, '') || '/';
    const report = await this.#sources.health.report(path, url.searchParams);
    if (report) {
      checkReads(request);
      return sendText(response, report.isHealthy ? 200 : 500, report.text);
    }
    if (path === '/metrics') {
      checkReads(request);
      return sendBytes(response, 200, 'text/plain; version=0.0.4; charset=utf-8', this.#sources.metrics.text(), form);
    }
    if (path.startsWith('/openapi/')) {
      checkReads(request);
      if (await this.#sendOpenApi(request, response, url, form)) return;
      return this.#sendPaths(response, path, form);
    }
    const openId = this.#sources.openId[path];
    if (openId) {
      checkReads(request);
      response.setHeader('cache-control', 'public, max-age=3600');
      return sendBytes(response, 200, openId.type, openId.text, form);
    }
    if ((path === '/api' || path === '/apis') && (await this.#sendAggregated(request, response, path, form))) return;
    const document = path === '/version' ? versionDocument : this.#discoveryAt(path);
    if (document) {
      checkReads(request);
      checkAcceptable(request.headers.accept);
      return sendObject(response, 200, document, form);
    }
    return this.#sendPaths(response, path, form);
  }

  #discoveryAt(path: string): object | undefined {
    return this.#sources.discovery.document(path, this.#sources.advertised);
  }

  async #sendOpenApi(
    { headers }: IncomingMessage,
    response: Response,
    url: URL,
    { acceptsGzip }: ByteForm,
  ): Promise<boolean> {
    const answer = await this.#sources.openApi.answer({
      path: url.pathname.replace(/\/$/, ''),
      query: url.searchParams,
      accept: headers.accept,
      acceptsGzip,
      ifNoneMatch: headers['if-none-match'],
      nowMs: this.#sources.clock.now(),
    });
    if (!answer) return false;
    const { code, body } = answer;
    const length = body !== undefined && { 'content-length': Buffer.byteLength(body) };
    response.writeHead(code, { ...answer.headers, ...length });
    response.end(body);
    return true;
  }

  /** All groups in one document, where the client knows how to read it; told by its hash when it has changed. */
  async #sendAggregated(request: IncomingMessage, response: Response, path: string, form: ByteForm): Promise<boolean> {
    const version = /g=apidiscovery\.k8s\.io;v=(v2(?:beta1)?);as=APIGroupDiscoveryList/.exec(
      request.headers.accept ?? '',
    )?.[1];
    if (!version) return false;
    checkReads(request);
    const root = path === '/api' ? 'api' : 'apis';
    const json = JSON.stringify(this.#sources.discovery.aggregated(root, `apidiscovery.k8s.io/${version}`));
    const etag = `"${createHash('sha256').update(json).digest('hex').toUpperCase()}"`;
    response.setHeader('etag', etag);
    response.setHeader('vary', 'Accept');
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else {
      const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      await sendBytes(response, 200, contentType, json, form);
    }
    return true;
  }

  /** What there is, to who asks for that or for nothing that there is. */
  async #sendPaths(response: Response, path: string, form: ByteForm): Promise<void> {
    const [, root, group, version] = path.split('/');
    const { discovery, health, openId } = this.#sources;
    if (root === 'api' && group !== undefined) throw new NoSuchPath();
    if (root === 'apis' && group !== undefined && discovery.hasGroup(group) && version !== undefined)
      throw new NoSuchPath();
    if (root === 'apis') return sendText(response, 404, '404 page not found\n');
    const paths = [
      ...discovery.paths(),
      '/metrics',
      '/openapi/v2',
      '/openapi/v3',
      '/version',
      ...Object.keys(openId),
      ...health.paths,
    ].sort();
    await sendJson(response, path === '/' ? 200 : 404, JSON.stringify({ paths }), form);
  }
}

function checkReads({ method }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'HEAD') throw new MethodNotAllowed();
}
