// Forwarded ports over a WebSocket: as kubectl does it since 1.30, all of SPDY in the messages; and as it was first, two
// channels for each port that the request names, for data and for what went wrong.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream } from 'ws';
import { type Forwarding, forward, forwardOn, portOf } from './port-forward.ts';
import { Refusal } from './route.ts';
import { upgradeToWebSocket, WebSocketChannels } from './web-socket-channels.ts';

const tunnel = 'SPDY/3.1+portforward.k8s.io';
const base64 = 'v4.base64.channel.k8s.io';
const channelled = ['v4.channel.k8s.io', base64, 'portforward.k8s.io', ''];

export async function forwardOverWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  ports: readonly string[],
  forwarding: Forwarding,
): Promise<void> {
  const isTunnel = (request.headers['sec-websocket-protocol'] ?? '').includes(tunnel);
  const numbers = isTunnel ? [] : readPorts(ports);
  const webSocket = await upgradeToWebSocket(request, socket, head, [tunnel, ...channelled]);
  if (isTunnel) {
    const transport = createWebSocketStream(webSocket);
    webSocket.resume();
    await forwardOn(transport, forwarding);
    return;
  }
  const gone = new AbortController();
  webSocket.once('close', () => gone.abort(new Error('the client has gone')));
  const isBase64 = webSocket.protocol === base64;
  const channels = new WebSocketChannels(webSocket, { isBase64, canEnd: false, clock: forwarding.clock });
  const forwards = numbers.map((port, index) => {
    const [dataChannel, errorChannel] = [2 * index, 2 * index + 1];
    const data = { readable: channels.readable(dataChannel), writable: channels.writable(dataChannel) };
    const error = channels.writable(errorChannel);
    // Both begin with the port, so that the client knows which it is.
    const greeting = Buffer.from([port & 0xff, port >> 8]);
    data.writable.write(greeting);
    error.write(greeting);
    return forward(forwarding, port, { data, error }, gone.signal);
  });
  await Promise.all(forwards);
  channels.close();
}

function readPorts(texts: readonly string[]): number[] {
  const ports = texts.flatMap((text) => text.split(','));
  if (ports.length === 0) throw new Refusal(400, 'query parameter "port" is required');
  try {
    return ports.map(portOf);
  } catch (error) {
    throw new Refusal(400, (error as Error).message);
  }
}
