// The probes that go over the network, against real servers: what they ask, what they take for an answer, and their words.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import type { Probe } from '../../api/kinds/pod-spec/types.ts';
import { systemClock } from '../../base/clock.ts';
import { createAuthority } from '../../pki/authority.ts';
import type { Runtime } from '../runtime.ts';
import { Gate } from './gate.ts';
import { runProbe } from './run-probe.ts';

const address = '127.0.0.1';
const open: (() => void)[] = [];
after(() => {
  for (const close of open) close();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, address);
  await once(server, 'listening');
  open.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const tools = { runtime: {} as Runtime, clock: systemClock, execs: new Gate(1) };
const { signal: never } = new AbortController();

async function probe(spec: Probe, ports: { name?: string; containerPort: number }[] = []): Promise<string> {
  const target = { containerId: 'c', container: { name: 'main', image: '', ports }, address };
  const outcome = await runProbe(spec, target, tools, never);
  return 'text' in outcome ? `${outcome.result}: ${outcome.text}` : outcome.result;
}

/** Answers what came, and how it was judged. */
async function get(
  answer: RequestListener,
  action: Partial<NonNullable<Probe['httpGet']>> = {},
): Promise<{ asked: IncomingMessage[]; judged: string; port: number }> {
  const asked: IncomingMessage[] = [];
  const port = await listen(
    createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    }),
  );
  return { asked, judged: await probe({ httpGet: { port, ...action }, timeoutSeconds: 1 }), port };
}

const answering =
  (code: number, headers = {}, body = ''): RequestListener =>
  (_, response) =>
    response.writeHead(code, headers).end(body);

test('HTTP: says who it is, and nothing more than that', async () => {
  const { asked, judged, port } = await get(answering(200));
  assert.equal(judged, 'success');
  assert.equal(asked[0]?.url, '/');
  assert.equal(asked[0]?.method, 'GET');
  assert.deepEqual(asked[0]?.headers, {
    host: `127.0.0.1:${port}`,
    'user-agent': 'kube-probe/1.34',
    accept: '*/*',
    connection: 'close',
  });
});

test('HTTP: path, query and headers are as asked for', async () => {
  const httpHeaders = [
    { name: 'Host', value: 'shop.example' },
    { name: 'X-Token', value: 'a' },
    { name: 'X-Token', value: 'b' },
    { name: 'User-Agent', value: 'mine/1' },
    { name: 'Accept', value: '' },
  ];
  const { asked, judged } = await get(answering(204), { path: '/live?full=1', httpHeaders });
  assert.equal(judged, 'success');
  assert.equal(asked[0]?.url, '/live?full=1');
  const { host, 'x-token': token, 'user-agent': agent, accept } = asked[0]?.headers ?? {};
  assert.deepEqual(
    { host, token, agent, accept },
    { host: 'shop.example', token: 'a, b', agent: 'mine/1', accept: undefined },
  );
});

test('HTTP: a port by its name, and one that there is not', async () => {
  const port = await listen(createServer(answering(200)));
  assert.equal(await probe({ httpGet: { port: 'web' } }, [{ name: 'web', containerPort: port }]), 'success');
  assert.equal(await probe({ httpGet: { port: 'www' } }), 'unknown: container main has no port named "www"');
});

test('HTTP: codes from 200 to 399 are well', async () => {
  for (const [code, judged] of [
    [199 + 1, 'success'],
    [299, 'success'],
    [304, 'warning: Probe terminated redirects, Response body: '],
    [400, 'failure: HTTP probe failed with statuscode: 400'],
    [503, 'failure: HTTP probe failed with statuscode: 503'],
  ] as const)
    assert.equal((await get(answering(code))).judged, judged);
});

test('HTTP: redirects are followed on the same host', async () => {
  const { asked, judged } = await get(
    (request, response) =>
      request.url === '/'
        ? answering(302, { location: '/there?a=b' })(request, response)
        : answering(500)(request, response),
    { httpHeaders: [{ name: 'Host', value: 'shop.example' }] },
  );
  assert.equal(judged, 'failure: HTTP probe failed with statuscode: 500');
  assert.deepEqual(
    asked.map(({ url, headers }) => [url, headers.host]),
    [
      ['/', 'shop.example'],
      ['/there?a=b', 'shop.example'],
    ],
  );
});

test('HTTP: a redirect to another host ends there, with a warning', async () => {
  const elsewhere = answering(301, { location: 'http://login.example/' }, 'moved');
  const { judged } = await get(elsewhere);
  assert.equal(judged, 'warning: Probe terminated redirects, Response body: moved');
});

test('HTTP: redirects in a circle end', async () => {
  const { asked, judged, port } = await get(answering(302, { location: '/round' }));
  assert.equal(judged, `failure: Get "http://127.0.0.1:${port}/round": stopped after 10 redirects`);
  assert.equal(asked.length, 10);
});

test('HTTP: no answer, a late one, and a broken one', async () => {
  const port = await deadPort();
  const url = `"http://127.0.0.1:${port}/"`;
  assert.equal(
    await probe({ httpGet: { port } }),
    `failure: Get ${url}: dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
  const late = await get(() => {});
  assert.match(
    late.judged,
    /^failure: Get "http.*": context deadline exceeded \(Client.Timeout exceeded while awaiting headers\)$/,
  );
  const broken = await get((request) => request.socket.destroy());
  assert.match(broken.judged, /^failure: Get "http.*": EOF$/);
  const halting = await get((_, response) => response.writeHead(200).write('half'));
  assert.match(halting.judged, /^unknown: .*body/);
  const header = await get(answering(200), { httpHeaders: [{ name: 'X', value: 'a\nb' }] });
  assert.match(header.judged, /^failure: .*Invalid character in header/);
});

test('HTTP: of an endless body the beginning is enough', async () => {
  const { judged } = await get((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(1_000)));
      response.once('drain', more);
    };
    more();
  });
  assert.equal(judged, 'success');
});

test('HTTPS: certificates are not checked', async () => {
  const { certificate: cert, key } = await createAuthority('nobody');
  const port = await listen(createTlsServer({ cert, key }, answering(200)));
  assert.equal(await probe({ httpGet: { port, scheme: 'HTTPS' } }), 'success');
  assert.match(await probe({ httpGet: { port, scheme: 'HTTP' } }), /^failure: /);
});

test('TCP: who accepts a connection is well', async () => {
  const port = await listen(createTcpServer((socket) => socket.on('error', () => {})));
  assert.equal(await probe({ tcpSocket: { port } }), 'success');
  assert.equal(
    await probe({ tcpSocket: { port: 'db', host: 'localhost' } }, [{ name: 'db', containerPort: port }]),
    'success',
  );
  const dead = await deadPort();
  assert.equal(
    await probe({ tcpSocket: { port: dead } }),
    `failure: dial tcp 127.0.0.1:${dead}: connect: connection refused`,
  );
  assert.equal(
    await probe({ tcpSocket: { port: 1, host: 'nowhere.invalid' } }),
    'failure: dial tcp: lookup nowhere.invalid: no such host',
  );
});

/** A gRPC server that answers the health of services by their names, as the library for servers does. */
async function grpcServer(check: grpc.handleUnaryCall<Buffer, Buffer>): Promise<number> {
  const server = new grpc.Server();
  const same = (buffer: Buffer) => buffer;
  const path = '/grpc.health.v1.Health/Check';
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  server.addService({ Check: { path, requestStream: false, responseStream: false, ...codec } }, { Check: check });
  const bound = Promise.withResolvers<number>();
  server.bindAsync(`${address}:0`, grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? bound.reject(error) : bound.resolve(port),
  );
  open.push(() => server.forceShutdown());
  return bound.promise;
}

test('gRPC: the health of a service', async () => {
  const asked: { service: string; agent: grpc.MetadataValue | undefined }[] = [];
  const long = 'a'.repeat(300);
  const states: Record<string, number> = { '': 1, up: 1, down: 2, [long]: 1, odd: 0 };
  const port = await grpcServer(({ request, metadata }, answer) => {
    // The name is all that follows the tag and its length.
    const service = request.subarray(request.length > 130 ? 3 : 2).toString();
    asked.push({ service, agent: metadata.get('user-agent')[0] });
    const state = states[service];
    if (state === undefined) answer({ code: grpc.status.NOT_FOUND, details: 'unknown service' });
    else answer(null, state === 0 ? Buffer.alloc(0) : Buffer.from([0x08, state]));
  });
  const health = (service?: string) => probe({ grpc: { port, ...(service !== undefined && { service }) } });
  assert.equal(await health(), 'success');
  assert.equal(await health('up'), 'success');
  assert.equal(await health(long), 'success');
  assert.equal(await health('down'), 'failure: service unhealthy (responded with "NOT_SERVING")');
  assert.equal(await health('odd'), 'failure: service unhealthy (responded with "UNKNOWN")');
  assert.equal(
    await health('none'),
    'failure: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
  );
  assert.deepEqual(
    asked.map(({ service }) => service),
    ['', 'up', long, 'down', 'odd', 'none'],
  );
  assert.equal(asked[0]?.agent, 'kube-probe/1.34');
});

test('gRPC: who does not answer, cannot answer, or is not there', async () => {
  const silent = await grpcServer(() => {});
  assert.equal(await probe({ grpc: { port: silent } }), 'failure: timeout: health rpc did not complete within 1s');
  const other = new grpc.Server();
  const bound = Promise.withResolvers<number>();
  other.bindAsync(`${address}:0`, grpc.ServerCredentials.createInsecure(), (_, port) => bound.resolve(port));
  open.push(() => other.forceShutdown());
  assert.match(
    await probe({ grpc: { port: await bound.promise } }),
    /^failure: error: this server does not implement the grpc health protocol \(grpc.health.v1.Health\): /,
  );
  const dead = await deadPort();
  const gone = (port: number) =>
    `failure: timeout: failed to connect service "127.0.0.1:${port}" within 1s: context deadline exceeded`;
  assert.equal(await probe({ grpc: { port: dead } }), gone(dead));
  const http1 = await listen(createServer(answering(200)));
  assert.equal(await probe({ grpc: { port: http1 } }), gone(http1));
});

test('gRPC: a server that comes within the time is waited for', async () => {
  const port = await deadPort();
  const probing = probe({ grpc: { port }, timeoutSeconds: 20 });
  const server = new grpc.Server();
  open.push(() => server.forceShutdown());
  await new Promise((resolve) =>
    server.bindAsync(`${address}:${port}`, grpc.ServerCredentials.createInsecure(), resolve),
  );
  assert.match(await probing, /does not implement/);
});
