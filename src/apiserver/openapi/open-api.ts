// /openapi/v2 and /openapi/v3: which document in which form, and how long a client may keep it.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Kind } from '../../api/kinds/kind.ts';
import { entriesOf } from '../http/negotiation.ts';
import { type Form, hashOf, type KeptDocument, KeptDocuments } from './kept-documents.ts';
import type { Version } from './schema-object.ts';

export interface OpenApiRequest {
  path: string;
  query: URLSearchParams;
  accept: string | undefined;
  acceptsGzip: boolean;
  ifNoneMatch: string | undefined;
  nowMs: number;
}

export interface OpenApiAnswer {
  code: 200 | 301 | 304 | 406;
  headers: Record<string, string>;
  body?: Buffer | string;
}

const uncompressed = promisify<Buffer, Buffer>(gunzip);
const yearMs = 365 * 24 * 3600 * 1000;

export class OpenApi {
  readonly #kinds: () => readonly Kind[];
  #documents: KeptDocuments;

  constructor(kinds: () => readonly Kind[]) {
    this.#kinds = kinds;
    this.#documents = new KeptDocuments(kinds());
  }

  /** To be called when the kinds are others than before. */
  invalidate(): void {
    this.#documents = new KeptDocuments(this.#kinds());
  }

  /** Undefined where there is no document. */
  async answer(request: OpenApiRequest): Promise<OpenApiAnswer | undefined> {
    const { path } = request;
    if (path === '/openapi/v2') return answerWith(await this.#documents.version2(), 'v2', request);
    if (path === '/openapi/v3') return index(await this.#documents.version3(), request);
    if (!path.startsWith(root)) return undefined;
    const name = path.slice(root.length);
    const document = (await this.#documents.version3()).get(name);
    if (!document) return undefined;
    const asked = request.query.get('hash');
    if (!asked) return answerWith(document, 'v3', request);
    if (asked !== document.hash) return movedTo(urlOf(name, document));
    const answer = await answerWith(document, 'v3', request);
    const expires = new Date(request.nowMs + yearMs).toUTCString();
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, immutable', expires } };
  }
}

const root = '/openapi/v3/';
const urlOf = (name: string, { hash }: KeptDocument) => `${root}${name}?hash=${hash}`;

/** Which documents there are, each with the hash of what it says now. */
function index(documents: ReadonlyMap<string, KeptDocument>, { ifNoneMatch }: OpenApiRequest): OpenApiAnswer {
  const named = [...documents].map(([name, document]) => [name, { serverRelativeURL: urlOf(name, document) }]);
  const body = JSON.stringify({ paths: Object.fromEntries(named) });
  const headers = { 'content-type': 'application/json', etag: JSON.stringify(hashOf(body)) };
  return isAmong(ifNoneMatch, headers.etag) ? { code: 304, headers } : { code: 200, headers, body };
}

async function answerWith(document: KeptDocument, version: Version, request: OpenApiRequest): Promise<OpenApiAnswer> {
  const form = formOf(request.accept, version);
  if (!form) return { code: 406, headers: {}, body: '' };
  const etag = JSON.stringify(document.hash);
  const headers = { 'content-type': mediaTypes[version][form], etag, vary: 'Accept, Accept-Encoding' };
  if (isAmong(request.ifNoneMatch, etag)) return { code: 304, headers };
  const bytes = await document.compressed(form);
  return request.acceptsGzip
    ? { code: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: bytes }
    : { code: 200, headers, body: await uncompressed(bytes) };
}

/** Whether a client has what it asks for: one of those that it names. */
function isAmong(ifNoneMatch: string | undefined, etag: string): boolean {
  const held = ifNoneMatch?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  return held.includes(etag) || held.includes('*');
}

function movedTo(location: string): OpenApiAnswer {
  const body = `<a href="${location}">Moved Permanently</a>.\n\n`;
  return { code: 301, headers: { location, 'content-type': 'text/html; charset=utf-8' }, body };
}

/** As answers bear them: what clients ask for has an @, which is not valid there. */
const mediaTypes: Record<Version, Record<Form, string>> = {
  v2: { json: 'application/json', protobuf: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' },
  v3: { json: 'application/json', protobuf: 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf' },
};

/** The first form of an Accept header that can be had, those preferred first. */
export function formOf(accept: string | undefined, version: Version): Form | undefined {
  for (const { mediaType } of entriesOf(accept)) {
    if (['*/*', 'application/*', mediaTypes[version].json].includes(mediaType)) return 'json';
    if (mediaType.replace('@', '.') === mediaTypes[version].protobuf) return 'protobuf';
  }
  return undefined;
}
