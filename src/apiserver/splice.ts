// Two connections made one: what comes from either side goes to the other, byte for byte.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Splice {
  /** That of the other side, which takes up the connection. */
  answer: IncomingMessage;
  client: Duplex;
  /** What has come already. */
  clientHead: Buffer;
  other: Duplex;
  otherHead: Buffer;
}

/** A stream may say nothing for hours; who is not there any more is found all the same, and nothing between takes it for dead. */
const keepAliveMs = 30_000;

export function splice({ answer, client, clientHead, other, otherHead }: Splice): void {
  for (const end of [client, other] as Socket[]) end.setKeepAlive(true, keepAliveMs);
  // Each direction ends by itself, behind all that was said.
  (other as Socket).allowHalfOpen = true;
  client.write(headOf(answer));
  client.write(otherHead);
  other.write(clientHead);
  tie(client, other);
}

/** The head of an answer, as it came. */
export function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n');
}

/** What one side says the other hears to its end; a side that breaks off breaks off the other. */
function tie(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as [Socket, Socket][]) {
    from.on('error', () => to.destroy());
    from.once('close', () => (from.readableEnded ? to.destroySoon() : to.destroy()));
    from.pipe(to);
  }
}
