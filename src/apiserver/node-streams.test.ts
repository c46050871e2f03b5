import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { before, type TestContext, test } from 'node:test';
import { type Pod, pods } from '../api/kinds/pod.ts';
import { StatusError } from '../api/status.ts';
import { type BothEnds, certifyBothEnds, listen, nodeOneAt } from './agent-for-tests.ts';
import { NodeStreams } from './node-streams.ts';
import type { RestRequest } from './rest/request.ts';
import type { Rest } from './rest/rest.ts';

let ends: BothEnds;
before(async () => {
  ends = await certifyBothEnds();
});

/** A server whose every upgrade is one into a pod of two containers, by way of the agent on that port. */
async function frontOf(t: TestContext, agentPort: number, subresource: string): Promise<number> {
  const node = nodeOneAt(agentPort);
  const containers = ['main', 'side'].map((name) => ({ name, image: 'x' }));
  const pod = { metadata: { namespace: 'default', name: 'web' }, spec: { nodeName: 'one', containers } } as Pod;
  const rest = { authorize: () => {}, find: () => ({ object: pod }), cache: { get: () => ({ object: node }) } };
  const streams = new NodeStreams({ ...ends });
  const front = createHttpServer();
  front.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const request = { kind: pods, subresource } as RestRequest;
    const { searchParams: query } = new URL(incoming.url ?? '', 'http://front');
    streams.join(request, rest as unknown as Rest, { incoming, socket, head, query }).catch((error: unknown) => {
      const { code, message } = error instanceof StatusError ? error : { code: 500, message: String(error) };
      socket.end(`HTTP/1.1 ${code} No\r\nconnection: close\r\n\r\n${message}`);
    });
  });
  return listen(t, front);
}

function upgrade(port: number, query: string) {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': 'v4',
    authorization: 'secret',
  };
  return httpRequest({ port, path: `/?${query}`, method: 'POST', headers }).end();
}

test('what a client and an agent say after both have been upgraded reaches the other side', {
  timeout: 10_000,
}, async (t) => {
  const agent = createServer({ cert: ends.serving.certificate, key: ends.serving.key });
  const asked = Promise.withResolvers<IncomingMessage>();
  agent.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    asked.resolve(request);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\nfirst ');
    socket.pipe(socket);
  });
  const port = await frontOf(t, await listen(t, agent), 'exec');
  const client = upgrade(port, 'container=side&command=sh&command=-c&command=a%20b&stdin=true&tty=true');
  const [answer, socket, head] = (await once(client, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
  assert.equal(answer.headers.upgrade, 'SPDY/3.1');
  socket.end('and echoed');
  assert.equal(head.toString() + (await text(socket)), 'first and echoed');
  const { url, method, headers } = await asked.promise;
  assert.equal(method, 'POST');
  assert.equal(url, '/exec/default/web/side?command=sh&command=-c&command=a+b&input=1&tty=1');
  assert.equal(headers['x-stream-protocol-version'], 'v4');
  assert.equal(headers.authorization, undefined);
});

test('what cannot be joined is told as an answer', { timeout: 10_000 }, async (t) => {
  const refusing = createServer({ cert: ends.serving.certificate, key: ends.serving.key }, (_, response) => {
    response.writeHead(404).end('no such container');
  });
  const agentPort = await listen(t, refusing);
  const cases: [string, string, number, number, RegExp][] = [
    ['exec', 'container=main&command=ls', agentPort, 404, /no such container/],
    ['exec', 'container=nope&command=ls', agentPort, 400, /container nope is not valid for pod web/],
    ['exec', 'container=main', agentPort, 400, /at least one command/],
    ['attach', '', agentPort, 400, /a container name must be specified for pod web/],
    ['portforward', 'ports=80', 1, 503, /error trying to reach the agent/],
  ];
  for (const [subresource, query, port, code, message] of cases) {
    const client = upgrade(await frontOf(t, port, subresource), query);
    const [answer] = (await once(client, 'response')) as [IncomingMessage];
    assert.equal(answer.statusCode, code, query);
    assert.match(await text(answer), message);
  }
});

test('what an agent says last arrives whole, however slowly the client reads', { timeout: 20_000 }, async (t) => {
  const bytes = 20_000_000;
  const agent = createServer({ cert: ends.serving.certificate, key: ends.serving.key });
  agent.on('upgrade', (_, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n');
    socket.end(Buffer.alloc(bytes));
  });
  const port = await frontOf(t, await listen(t, agent), 'exec');
  const client = upgrade(port, 'container=side&command=ls');
  const [, socket, head] = (await once(client, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
  let received = head.length;
  for await (const chunk of socket) {
    received += (chunk as Buffer).length;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal(received, bytes);
});
