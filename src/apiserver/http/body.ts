// Request bodies: read up to a limit, decoded by their media type.
import type { IncomingMessage } from 'node:http';
import { BadRequest, RequestEntityTooLarge, UnsupportedMediaType } from '../../api/status.ts';

const bytesAtMost = 3 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesAtMost) throw new RequestEntityTooLarge(`Request entity too large: limit is ${bytesAtMost}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The media type without its parameters; JSON where none is named. */
export function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() || 'application/json';
}

export async function decodeBody(body: Buffer, mediaType: string): Promise<unknown> {
  if (body.length === 0) return undefined;
  if (mediaType === 'application/json' || mediaType.endsWith('+json') || mediaType === '*/*')
    return parseJson(body.toString('utf8'));
  if (mediaType === 'application/yaml' || mediaType === 'application/apply-patch+yaml') {
    const { parse } = await import('yaml');
    try {
      return parse(body.toString('utf8'));
    } catch (error) {
      throw new BadRequest(`error converting YAML to JSON: ${(error as Error).message}`);
    }
  }
  throw new UnsupportedMediaType(['application/json', 'application/yaml']);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}
