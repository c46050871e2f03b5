// Answers as bytes on the wire: JSON, YAML or protobuf, for people or for programs, compressed where it pays.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { type Encoding, encodingOf, protobufType } from './negotiation.ts';

/** HTTP/2 answers come in the same shape, by Node's compatibility layer. */
export type Response = ServerResponse;

/** How a client wants bytes, whatever they say. */
export interface ByteForm {
  encoding: Encoding;
  isPretty: boolean;
  acceptsGzip: boolean;
}

export function byteFormOf({ headers, url = '' }: IncomingMessage): ByteForm {
  return {
    encoding: encodingOf(headers.accept),
    isPretty: isForPeople(url, headers['user-agent'] ?? ''),
    acceptsGzip: /\bgzip\b/.test(String(headers['accept-encoding'] ?? '')),
  };
}

/** Asked for, or sent to what people use to look at an API by hand. */
function isForPeople(url: string, agent: string): boolean {
  const asked = /[?&]pretty(?:=([^&]*))?(?:&|$)/.exec(url);
  if (asked) return !['false', '0'].includes(asked[1] ?? '');
  return /^(curl|Wget|Mozilla\/5\.0)/.test(agent);
}

/** An object that is made for this answer alone. What doesn't travel as the client would like comes as JSON. */
export async function sendObject(response: Response, code: number, object: object, form: ByteForm): Promise<void> {
  if (form.encoding === 'protobuf') {
    const { encodeObject } = await import('../../api/protobuf/envelope.ts');
    const bytes = encodeObject(object);
    if (bytes) return sendBytes(response, code, protobufType, bytes, form);
  }
  await sendJson(response, code, JSON.stringify(object), form);
}

export async function sendJson(response: Response, code: number, json: string | Buffer, form: ByteForm): Promise<void> {
  if (form.encoding === 'yaml') {
    const { yamlOfJson } = await import('./yaml.ts');
    return sendBytes(response, code, 'application/yaml', await yamlOfJson(String(json)), form);
  }
  const text = form.isPretty ? `${JSON.stringify(JSON.parse(String(json)), undefined, 2)}\n` : json;
  await sendBytes(response, code, 'application/json', text, form);
}

export function sendText(response: Response, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(text);
}

/** Below this, sending costs less than compressing. */
const gzipFromBytes = 128 * 1024;
const gzipped = promisify<string | Buffer, object, Buffer>(gzip);

export async function sendBytes(
  response: Response,
  code: number,
  contentType: string,
  content: string | Buffer,
  { acceptsGzip }: ByteForm,
): Promise<void> {
  const headers: Record<string, string | number> = { 'content-type': contentType };
  if (!acceptsGzip || content.length < gzipFromBytes) {
    response.writeHead(code, { ...headers, 'content-length': Buffer.byteLength(content) });
    response.end(content);
    return;
  }
  const bytes = await gzipped(content, { level: constants.Z_BEST_SPEED });
  const compressed = { 'content-encoding': 'gzip', vary: 'Accept-Encoding', 'content-length': bytes.length };
  response.writeHead(code, { ...headers, ...compressed });
  response.end(bytes);
}
