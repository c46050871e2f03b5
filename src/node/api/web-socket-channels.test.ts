import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { systemClock } from '../../base/clock.ts';
import { Refusal } from './route.ts';
import { type ChannelsOptions, upgradeToWebSocket, WebSocketChannels } from './web-socket-channels.ts';

const timeout = 30_000;

interface Served {
  input: Readable;
  output: Writable;
  channels: WebSocketChannels;
  webSocket: WebSocket;
}

/** A server whose connections have channel 0 for input and 1 for output. */
async function serve(
  t: TestContext,
  options: Partial<ChannelsOptions> = {},
): Promise<{ port: number; next(): Promise<Served> }> {
  const served: Served[] = [];
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgradeToWebSocket(request, socket, head, ['v5.channel.k8s.io', 'v4.channel.k8s.io', '']).then(
      (webSocket) => {
        const channels = new WebSocketChannels(webSocket, {
          isBase64: false,
          canEnd: true,
          clock: systemClock,
          ...options,
        });
        served.push({ input: channels.readable(0), output: channels.writable(1), channels, webSocket });
        server.emit('served');
      },
      (error: unknown) => socket.end(`HTTP/1.1 ${error instanceof Refusal ? error.code : 500} No\r\n\r\n`),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const next = async () => {
    while (served.length === 0) await once(server, 'served');
    return served.shift() as Served;
  };
  return { port: (server.address() as AddressInfo).port, next };
}

async function open(port: number, protocol = 'v5.channel.k8s.io'): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}`, protocol);
  await once(client, 'open');
  return client;
}

test('messages go to the channel that they name, and a channel ends by itself', { timeout }, async (t) => {
  const server = await serve(t);
  const client = await open(server.port);
  const { input, output, channels } = await server.next();
  client.send(Buffer.from([0, ...Buffer.from('hel')]));
  client.send(Buffer.from([9, 1, 2]));
  client.send(Buffer.alloc(0));
  client.send(Buffer.from([0, ...Buffer.from('lo')]));
  client.send(Buffer.from([255, 0]));
  assert.equal(await text(input), 'hello');
  output.write('out');
  const [message] = (await once(client, 'message')) as [Buffer];
  assert.deepEqual(message, Buffer.from([1, ...Buffer.from('out')]));
  channels.close();
  assert.equal((await once(client, 'close'))[0], 1000);
});

test('in base64 the channel is a digit', { timeout }, async (t) => {
  const server = await serve(t, { isBase64: true, canEnd: false });
  const client = await open(server.port);
  const { input, output } = await server.next();
  client.send(`0${Buffer.from('hello').toString('base64')}`);
  assert.equal(String((await once(input, 'data'))[0]), 'hello');
  output.write('out');
  assert.equal(String((await once(client, 'message'))[0]), `1${Buffer.from('out').toString('base64')}`);
});

test('a reader who does not read stops the client, and nothing is lost', { timeout }, async (t) => {
  const server = await serve(t);
  const client = await open(server.port);
  const { input, webSocket } = await server.next();
  const bytes = 200;
  const message = Buffer.alloc(100_001);
  for (let sent = 0; sent < bytes; sent += 1) client.send(message);
  client.send(Buffer.from([255, 0]));
  while (!webSocket.isPaused) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(input.readableLength < 1_000_000, `${input.readableLength} bytes are kept`);
  let received = 0;
  for await (const chunk of input) received += (chunk as Buffer).length;
  assert.equal(received, bytes * 100_000);
});

test('who names no protocol of ours is refused, who names none gets none', { timeout }, async (t) => {
  const server = await serve(t);
  const refused = new WebSocket(`ws://127.0.0.1:${server.port}`, 'v9.channel.k8s.io');
  assert.match(((await once(refused, 'error')) as [Error])[0].message, /403/);
  const plain = new WebSocket(`ws://127.0.0.1:${server.port}`);
  await once(plain, 'open');
  assert.equal(plain.protocol, '');
});

test('whatever bytes come after the handshake, the connection closes or waits, and nothing is thrown', {
  timeout: 60_000,
}, async (t) => {
  const server = await serve(t);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), async (parts) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      const lines = [
        'GET / HTTP/1.1',
        'Host: x',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
      ];
      lines.push('Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==', 'Sec-WebSocket-Protocol: v5.channel.k8s.io');
      socket.write([...lines, '', ''].join('\r\n'));
      // Some right behind the handshake, some later.
      const [first, ...later] = parts;
      if (first) socket.write(first);
      const { input, webSocket } = await server.next();
      input.resume();
      for (const part of later) socket.write(part);
      const closed = new Promise((resolve) => webSocket.once('close', resolve));
      socket.end();
      socket.resume();
      await closed;
      assert.ok(input.destroyed);
    }),
    { numRuns: 200 },
  );
});
