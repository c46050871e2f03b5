// The bearer token of a program in a browser: it may set no header when it opens a WebSocket, but name protocols, and one of
// them is its token. It is taken off, so that nobody behind sees it.
import type { IncomingHttpHeaders } from 'node:http';
import { Unauthorized } from '../../api/status.ts';

const prefix = 'base64url.bearer.authorization.k8s.io.';
const protocols = 'sec-websocket-protocol';

/** As the Authorization header has it; undefined where there is none. Throws Unauthorized for one that cannot be read. */
export function takeWebSocketToken(headers: IncomingHttpHeaders): string | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return undefined;
  const all = (headers[protocols] ?? '').split(',').map((name) => name.trim());
  const [encoded, ...more] = all.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  if (encoded === undefined) return undefined;
  const others = all.filter((name) => name !== '' && !name.startsWith(prefix));
  // One of the others is the one that is agreed upon.
  if (more.length > 0 || others.length === 0) throw new Unauthorized();
  const token = decoded(encoded);
  headers[protocols] = others.join(', ');
  return `Bearer ${token}`;
}

function decoded(text: string): string {
  const bytes = Buffer.from(text, 'base64url');
  const isWhole = text !== '' && bytes.toString('base64url') === text;
  try {
    if (isWhole) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // It is no text.
  }
  throw new Unauthorized();
}
