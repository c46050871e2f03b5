// How a connection becomes one of SPDY, and how it ends.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { SpdyConnection } from '../spdy/spdy-connection.ts';
import { Refusal } from './route.ts';

const spdy = 'SPDY/3.1';

/** The first of ours that the client knows; undefined for a client that names none. */
export function agreedProtocol(request: IncomingMessage, ours: readonly string[]): string | undefined {
  const header = request.headers['x-stream-protocol-version'];
  if (header === undefined) return undefined;
  const asked = String(header)
    .split(',')
    .map((name) => name.trim());
  const agreed = ours.find((name) => asked.includes(name));
  if (agreed) return agreed;
  throw new Refusal(
    403,
    `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], server accepts [${ours.join(' ')}]`,
  );
}

export function upgradeToSpdy(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string | undefined,
): void {
  if (request.headers.upgrade?.toLowerCase() !== spdy.toLowerCase())
    throw new Refusal(400, `unable to upgrade: missing upgrade headers in request: only ${spdy} is spoken here`);
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${spdy}`];
  if (protocol) lines.push(`X-Stream-Protocol-Version: ${protocol}`);
  socket.write([...lines, '', ''].join('\r\n'));
  if (head.length > 0) socket.unshift(head);
}

/** How long the other side may take to hang up after it was told all. */
const farewellMs = 10_000;

/** Runs the connection to its end, whoever ends it; answers why where the other side broke the protocol. */
export async function runSpdy(connection: SpdyConnection, transport: Duplex, clock: Clock): Promise<Error | undefined> {
  transport.once('finish', () => {
    const cancel = clock.after(farewellMs, () => transport.destroy());
    transport.once('close', cancel);
  });
  try {
    await connection.run();
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    transport.end();
  }
}
