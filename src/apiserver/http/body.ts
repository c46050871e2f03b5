// Request bodies: read up to a limit, decoded by their media type.
import type { IncomingMessage } from 'node:http';
import {
  BadRequest,
  RequestEntityTooLarge,
  RequestTimeout,
  StatusError,
  UnsupportedMediaType,
} from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import { protobufType } from './negotiation.ts';

const bytesAtMost = 3 * 1024 * 1024;
const depthAtMost = 200;

/** A body that is not there by then will hardly come. */
const withinMs = 60_000;

export async function readBody(request: IncomingMessage, clock: Clock): Promise<Buffer> {
  const cancel = clock.after(withinMs, () =>
    request.destroy(new RequestTimeout('the body of the request did not come')),
  );
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bytesAtMost) throw new RequestEntityTooLarge(`Request entity too large: limit is ${bytesAtMost}`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    // A client that goes away in the middle is no fault of the server.
    throw error instanceof StatusError ? error : new BadRequest('the body of the request broke off');
  } finally {
    cancel();
  }
}

/** The media type without its parameters; JSON where none is named. */
export function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() || 'application/json';
}

export interface DecodedBody {
  value: unknown;
  /** As it was sent, where that is JSON. */
  json?: string;
}

export async function decodeBody(body: Buffer, mediaType: string): Promise<DecodedBody> {
  if (body.length === 0) return { value: undefined };
  if (mediaType === 'application/json' || mediaType.endsWith('+json') || mediaType === '*/*') {
    const json = body.toString('utf8');
    return { value: parseJson(json), json };
  }
  if (mediaType === 'application/yaml' || mediaType === 'application/apply-patch+yaml') {
    const decoded = jsonIn(body);
    if (decoded) return { ...decoded, value: withinDepth(decoded.value) };
    const { parseYaml } = await import('./yaml.ts');
    return { value: withinDepth(parseYaml(body)) };
  }
  if (mediaType === protobufType) {
    const { parseProtobuf } = await import('./protobuf.ts');
    return { value: withinDepth(parseProtobuf(body)) };
  }
  throw new UnsupportedMediaType(['application/json', 'application/yaml', protobufType]);
}

/** What is called YAML is mostly JSON, which is read in no time. */
function jsonIn(body: Buffer): DecodedBody | undefined {
  if (body[0] !== '{'.charCodeAt(0)) return undefined;
  try {
    const json = body.toString('utf8');
    return { value: JSON.parse(json), json };
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  return withinDepth(value);
}

function withinDepth(value: unknown): unknown {
  if (isDeeperThan(value, depthAtMost)) throw new BadRequest(`the body is nested deeper than ${depthAtMost} levels`);
  return value;
}

/** Level by level, as a nest too deep for a recursion is what this looks for. */
function isDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((part) => (typeof part === 'object' && part !== null ? Object.values(part) : []));
  }
  return false;
}
