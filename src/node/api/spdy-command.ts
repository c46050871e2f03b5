// A command's streams over SPDY: the client opens one stream for each, and names in its headers which it is.
import type { IncomingMessage } from 'node:http';
import { type Duplex, finished } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { JoinedStreams } from '../runtime.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { type CommandClient, resultText, sizeReader } from './command-client.ts';
import { agreedProtocol, runSpdy, upgradeToSpdy } from './spdy-upgrade.ts';

const [v4, v3, ...older] = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;

/** How long the client may take to open all its streams. */
const openingMs = 30_000;
const hangUpMs = 2_000;

export async function openSpdyCommand(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  wanted: JoinedStreams,
  clock: Clock,
): Promise<CommandClient | undefined> {
  const protocol = agreedProtocol(request, [v4, v3, ...older]);
  const canResize = protocol === v4 || protocol === v3;
  upgradeToSpdy(request, socket, head, protocol);
  const expected = ['error', ...namesOf(wanted), ...(wanted.tty && canResize ? ['resize'] : [])];
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<boolean>();
  const connection = new SpdyConnection(socket, (stream) => {
    const type = stream.headers.get('streamtype') ?? '';
    if (!expected.includes(type) || streams.has(type)) throw new Error(`unexpected stream "${type}"`);
    streams.set(type, stream);
    if (streams.size === expected.length) complete.resolve(true);
  });
  const gone = new AbortController();
  void runSpdy(connection, socket, clock).then((reason) => {
    gone.abort(reason ?? new Error('the client has gone'));
    complete.resolve(false);
  });
  const cancel = clock.after(openingMs, () => {
    complete.resolve(false);
    connection.close();
  });
  const isComplete = await complete.promise;
  cancel();
  if (!isComplete) return undefined;
  const error = streams.get('error') as SpdyStream;
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    onResize: (heard) => {
      const read = sizeReader(heard);
      streams.get('resize')?.on('data', (bytes: Buffer) => read(bytes.toString()));
    },
    gone: gone.signal,
    finish: async (result) => {
      const outputs = [streams.get('stdout'), streams.get('stderr')].filter((stream) => stream !== undefined);
      await Promise.all(outputs.map((stream) => said(stream)));
      await said(error, protocol === v4 ? JSON.stringify(result) : resultText(result));
      // Go's implementation may lose what it has not read yet when it hears the connection's end: let it hang up first.
      const cancelClosing = clock.after(hangUpMs, () => connection.close());
      gone.signal.addEventListener('abort', cancelClosing, { once: true });
    },
  };
}

function namesOf(wanted: JoinedStreams): string[] {
  return (['stdin', 'stdout', 'stderr'] as const).filter((name) => wanted[name]);
}

/** Resolves when all that was written, and this, has been handed over, or nobody takes it any more. */
function said(stream: SpdyStream, last = ''): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  finished(stream, { readable: false }, () => resolve());
  stream.end(last);
  return promise;
}
