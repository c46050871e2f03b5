// Connections of a client to ports of a pod. Over SPDY each is a pair of streams, one for data and one for what went wrong,
// that the client opens under one request id; any number of them on one connection.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { agreedProtocol, runSpdy, upgradeToSpdy } from './spdy-upgrade.ts';

const protocol = 'portforward.k8s.io';

export interface Forwarding {
  /** Rejects where nothing listens. */
  connect(port: number, signal: AbortSignal): Promise<Socket>;
  /** What the client shall read of the pod when something goes wrong. */
  podText: string;
  clock: Clock;
  log: Log;
}

/** The streams of one connection on the client's side. */
export interface ForwardedStreams {
  data: { readable: Readable; writable: Writable };
  error: Writable;
}

/** Joins both sides until both have ended; what goes wrong before that is told on the error stream. */
export async function forward(
  { connect, podText, log }: Forwarding,
  port: number,
  { data, error }: ForwardedStreams,
  signal: AbortSignal,
): Promise<void> {
  let socket: Socket;
  try {
    socket = await connect(port, signal);
  } catch (cause) {
    if (signal.aborted) return;
    log.debug('a port cannot be reached', { port, error: cause });
    error.end(`error forwarding port ${port} to pod ${podText}: ${(cause as Error).message}`);
    data.writable.end();
    data.readable.resume();
    return;
  }
  socket.setNoDelay(true);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  // A side that breaks off takes the other with it: that is all there is to tell.
  await Promise.allSettled([pipeline(data.readable, socket), pipeline(socket, data.writable)]);
  signal.removeEventListener('abort', abort);
  error.end();
}

export async function forwardOverSpdy(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  forwarding: Forwarding,
): Promise<void> {
  upgradeToSpdy(request, socket, head, agreedProtocol(request, [protocol]));
  await forwardOn(socket, forwarding);
}

/** How long the second stream of a pair may take to come. */
const pairingMs = 30_000;

/** Runs SPDY on a connection that is agreed upon, to its end. */
export async function forwardOn(transport: Duplex, forwarding: Forwarding): Promise<void> {
  const gone = new AbortController();
  const halves = new Map<string, { stream: SpdyStream; type: string; cancel: () => void }>();
  const connection = new SpdyConnection(transport, (stream) => {
    const { port, type, id } = readHeaders(stream);
    const half = halves.get(id);
    if (!half) {
      const giveUp = () => {
        halves.delete(id);
        const why = `timed out waiting for the other stream of request ${id}`;
        if (type === 'error') stream.end(why);
        else stream.destroy(new Error(why));
      };
      halves.set(id, { stream, type, cancel: forwarding.clock.after(pairingMs, giveUp) });
      return;
    }
    if (half.type === type) throw new Error(`request ${id} has a stream "${type}" already`);
    half.cancel();
    halves.delete(id);
    const [data, error] = type === 'data' ? [stream, half.stream] : [half.stream, stream];
    void forward(forwarding, port, { data: { readable: data, writable: data }, error }, gone.signal);
  });
  const fault = await runSpdy(connection, transport, forwarding.clock);
  if (fault) forwarding.log.info('a client that forwards ports broke the protocol', { error: fault });
  for (const { cancel } of halves.values()) cancel();
  gone.abort(new Error('the client has gone'));
}

function readHeaders({ id: streamId, headers }: SpdyStream): { port: number; type: string; id: string } {
  const type = headers.get('streamtype') ?? '';
  if (type !== 'data' && type !== 'error') throw new Error(`invalid stream type "${type}"`);
  const port = portOf(headers.get('port') ?? '');
  // The oldest clients give no id, and open the error stream right before the data stream.
  const id = headers.get('requestid') ?? `stream ${type === 'error' ? streamId : streamId - 2}`;
  return { port, type, id };
}

/** Throws where it is no port. */
export function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Error(`unable to parse "${text}" as a port`);
  return port;
}
