// A command's streams over a WebSocket: channel 0 to 4 are standard input, output and error, the result, and the terminal's size.
import type { IncomingMessage } from 'node:http';
import { type Duplex, finished, type Writable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { JoinedStreams } from '../runtime.ts';
import { type CommandClient, resultText, sizeReader } from './command-client.ts';
import { upgradeToWebSocket, WebSocketChannels } from './web-socket-channels.ts';

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** The best comes first; who names none gets the oldest. */
const v5 = 'v5.channel.k8s.io';
const withStatus = [v5, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];
const protocols = [...withStatus, 'channel.k8s.io', 'base64.channel.k8s.io', ''];

export async function openWebSocketCommand(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  wanted: JoinedStreams,
  clock: Clock,
): Promise<CommandClient> {
  const webSocket = await upgradeToWebSocket(request, socket, head, protocols);
  const { protocol } = webSocket;
  const gone = new AbortController();
  webSocket.once('close', () => gone.abort(new Error('the client has gone')));
  const joined = new WebSocketChannels(webSocket, {
    isBase64: protocol.includes('base64'),
    canEnd: protocol === v5,
    clock,
  });
  const output = (name: 'stdout' | 'stderr') => (wanted[name] ? joined.writable(channels[name]) : undefined);
  const [stdout, stderr, error] = [output('stdout'), output('stderr'), joined.writable(channels.error)];
  const resize = joined.readable(channels.resize);
  // Nothing, so that the client sees that it is connected.
  (stdout ?? stderr ?? error).write('');
  return {
    stdin: wanted.stdin ? joined.readable(channels.stdin) : undefined,
    stdout,
    stderr,
    onResize: (heard) => {
      const read = sizeReader(heard);
      resize.on('data', (bytes: Buffer) => read(bytes.toString()));
    },
    gone: gone.signal,
    finish: async (result) => {
      await Promise.all([stdout, stderr].map((stream) => stream && said(stream)));
      await said(error, withStatus.includes(protocol) ? JSON.stringify(result) : resultText(result));
      joined.close();
    },
  };
}

function said(stream: Writable, last = ''): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  finished(stream, () => resolve());
  stream.end(last || undefined);
  return promise;
}
