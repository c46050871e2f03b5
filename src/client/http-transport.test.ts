import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { before, test } from 'node:test';
import { createLog } from '../base/log.ts';
import { createAuthority, openAuthority } from '../pki/authority.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import { HttpTransport } from './http-transport.ts';

const log = createLog({ level: 'error' });
const resource = { group: '', version: 'v1', plural: 'pods' };
const watchRequest = { resource, query: {} };
const limits = { timeout: 10_000 };

let ca: string;
let serving: CertificateAndKey;
before(async () => {
  const authority = openAuthority(await createAuthority('test'));
  ca = authority.certificatePem;
  serving = await authority.issue({ commonName: 'server', ipAddresses: ['127.0.0.1'] }, { usages: ['server'] });
});

/** Takes connections and says nothing on them. */
async function silentServer() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {}).resume()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: urlOf(server), server, sockets };
}

/** Answers an empty object, and a watch with one event after which it stays open. */
async function apiServer() {
  const server = createSecureServer({ cert: serving.certificate, key: serving.key });
  const sessions: ServerHttp2Session[] = [];
  const watches: ServerHttp2Stream[] = [];
  server.on('session', (session) => sessions.push(session.on('error', () => {})));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    if (!headers[':path']?.includes('watch=true')) return stream.end('{}');
    watches.push(stream);
    stream.write(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'one' } } })}\n`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: urlOf(server), server, sessions, watches };
}

function urlOf(server: { address(): AddressInfo | string | null }): string {
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function end(server: Http2SecureServer, sessions: ServerHttp2Session[]): void {
  for (const session of sessions) session.destroy();
  server.close();
}

async function firstEvent(events: AsyncIterable<unknown>): Promise<unknown> {
  for await (const event of events) return event;
  return undefined;
}

test('a server that never finishes connecting is given up in time', limits, async () => {
  const { url, server, sockets } = await silentServer();
  const transport = new HttpTransport({ server: url, ca, log, requestTimeoutMs: 200 });
  const unavailable = { reason: 'ServiceUnavailable' };
  await assert.rejects(transport.request({ verb: 'list', resource }), unavailable);
  const watch = firstEvent(transport.watch(watchRequest, new AbortController().signal));
  await assert.rejects(watch, unavailable);
  await assert.rejects(transport.localAddress(), unavailable);
  assert.equal(sockets.length, 3);
  // Nothing of them is left behind.
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')));
  server.close();
});

test('who closes or aborts does not wait for a connection', limits, async () => {
  const { url, server } = await silentServer();
  const transport = new HttpTransport({ server: url, ca, log, requestTimeoutMs: 60_000 });
  const stop = new AbortController();
  const watch = firstEvent(transport.watch(watchRequest, stop.signal));
  stop.abort(new Error('enough'));
  await assert.rejects(watch, /enough/);
  const request = assert.rejects(transport.request({ verb: 'list', resource }), { reason: 'ServiceUnavailable' });
  await transport.close();
  await request;
  server.close();
});

test('an old connection that ends takes nothing from the one that replaced it', limits, async () => {
  const { url, server, sessions, watches } = await apiServer();
  const transport = new HttpTransport({ server: url, ca, log });
  const watch = transport.watch(watchRequest, new AbortController().signal)[Symbol.asyncIterator]();
  await watch.next();
  const [old] = sessions;
  // It takes no more requests, and its watch keeps it open. A request may be refused until the client knows.
  old?.goaway();
  while (sessions.length < 2) await transport.request({ verb: 'list', resource }).catch(() => {});
  const over = watch.next().catch(() => {});
  old?.destroy();
  await over;
  await transport.request({ verb: 'list', resource });
  assert.deepEqual([sessions.length, watches.length], [2, 1]);
  await transport.close();
  end(server, sessions);
});

test('a watch that nobody reads any more is closed', limits, async () => {
  const { url, server, sessions, watches } = await apiServer();
  const transport = new HttpTransport({ server: url, ca, log });
  const event = await firstEvent(transport.watch(watchRequest, new AbortController().signal));
  assert.deepEqual(event, { type: 'ADDED', object: { metadata: { name: 'one' } } });
  const [stream] = watches;
  assert.ok(stream);
  if (!stream.closed) await once(stream, 'close');
  await transport.request({ verb: 'list', resource });
  assert.equal(sessions.length, 1);
  await transport.close();
  end(server, sessions);
});

test('one that was closed connects no more', limits, async () => {
  const { url, server, sessions } = await apiServer();
  const transport = new HttpTransport({ server: url, ca, log });
  await transport.request({ verb: 'get', resource, name: 'one' });
  await transport.close();
  await assert.rejects(transport.request({ verb: 'get', resource, name: 'one' }), /was closed/);
  await assert.rejects(async () => {
    for await (const _ of transport.watch(watchRequest, new AbortController().signal)) assert.fail();
  }, /was closed/);
  assert.equal(sessions.length, 1);
  end(server, sessions);
});
