import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
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

/** Listens, and does not run. */
async function stoppedServer(t: TestContext) {
  const program =
    "const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [told] = await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  while (!/\) T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8'))) await turn();
  const port = Number(told);
  return { url: `https://127.0.0.1:${port}`, port };
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

test('a connection that nobody takes is let go with its socket', limits, async (t) => {
  const { url, port } = await stoppedServer(t);
  // As many as are kept waiting for the server, and more: who comes now is not heard.
  const waiting = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.any(waiting.map((socket) => once(socket, 'connect')));
  const transport = new HttpTransport({ server: url, ca, log });
  const request = assert.rejects(transport.request({ verb: 'list', resource }), { reason: 'ServiceUnavailable' });
  await transport.close();
  await request;
  const closed = waiting.map((socket) => once(socket.destroy(), 'close'));
  await Promise.all(closed);
  await turn();
  assert.ok(!process.getActiveResourcesInfo().includes('ConnectWrap'));
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

test('a watch to a server that goes before it answers fails', limits, async () => {
  const endings = {
    'the session ends': (stream: ServerHttp2Stream) => stream.session?.destroy(),
    'the socket ends': (stream: ServerHttp2Stream) => stream.session?.socket.destroy(),
    'the stream ends': (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_NO_ERROR),
  };
  for (const [name, ending] of Object.entries(endings)) {
    const server = createSecureServer({ cert: serving.certificate, key: serving.key });
    const sessions: ServerHttp2Session[] = [];
    server.on('session', (session) => sessions.push(session.on('error', () => {})));
    server.on('stream', (stream) => ending(stream.on('error', () => {})));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const transport = new HttpTransport({ server: urlOf(server), ca, log });
    const waiting = new AbortController();
    const patience = setTimeout(() => waiting.abort(new Error('it waits on')), 2_000);
    const refusal = { message: 'the connection was closed before the answer was complete' };
    await assert.rejects(firstEvent(transport.watch(watchRequest, waiting.signal)), refusal, name);
    clearTimeout(patience);
    await transport.close();
    end(server, sessions);
  }
});

test('an answer may take its time while more of it comes, and watches live meanwhile', limits, async (t) => {
  const lists: ServerHttp2Stream[] = [];
  const server = createSecureServer({ cert: serving.certificate, key: serving.key });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session.on('error', () => {})));
  const event = `${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'one' } } })}\n`;
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {}).respond({ ':status': 200 });
    if (!headers[':path']?.includes('watch=true')) return lists.push(stream);
    return stream.write(event);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const waiting = new Set<() => void>();
  const after = (_ms: number, run: () => void) => {
    waiting.add(run);
    return () => waiting.delete(run);
  };
  const transport = new HttpTransport({ server: urlOf(server), ca, log, clock: { ...systemClock, after } });
  t.after(async () => {
    await transport.close();
    end(server, sessions);
  });
  const watch = transport.watch(watchRequest, new AbortController().signal)[Symbol.asyncIterator]();
  await watch.next();
  /** A request of whose answer something has come, and then no more for as long as any may take. */
  const begin = async (more: string[]) => {
    const answer = transport.request({ verb: 'list', resource });
    while (lists.length === 0) await turn();
    const [list] = lists.splice(0);
    for (const chunk of more) {
      const overdue = [...waiting];
      list?.write(chunk);
      // What was sent before it has arrived when it is acknowledged.
      await Promise.race([answer, new Promise((resolve) => list?.session?.ping(resolve))]);
      for (const run of overdue) if (waiting.has(run)) run();
    }
    return { answer, list };
  };
  const whole = await begin(['{', '"items":', '[]']);
  whole.list?.end('}');
  assert.deepEqual(await whole.answer, { items: [] });
  const next = watch.next();
  const silent = await begin(['{']);
  for (const run of [...waiting]) run();
  await assert.rejects(silent.answer, { reason: 'ServiceUnavailable' });
  await assert.rejects(next);
  assert.equal(sessions.length, 1);
});

test('an answer in whose midst its connection is given up is none, whatever has come of it', limits, async () => {
  const server = createSecureServer({ cert: serving.certificate, key: serving.key });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session.on('error', () => {})));
  const begun = Promise.withResolvers<void>();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path']?.includes('nodes')) return;
    stream.respond({ ':status': 200 });
    stream.write('{}');
    // What was sent before it has arrived when it is acknowledged.
    stream.session?.ping(() => begun.resolve());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const overdue: (() => void)[] = [];
  const after = (_ms: number, run: () => void) => {
    overdue.push(run);
    return () => {};
  };
  const clock = { ...systemClock, after };
  const transport = new HttpTransport({ server: urlOf(server), ca, log, clock });
  const unavailable = { reason: 'ServiceUnavailable' };
  const silent = assert.rejects(
    transport.request({ verb: 'list', resource: { ...resource, plural: 'nodes' } }),
    unavailable,
  );
  const [, giveUp] = overdue; // the first is that of connecting
  const partial = assert.rejects(transport.request({ verb: 'list', resource }), unavailable);
  await begun.promise;
  giveUp?.();
  await Promise.all([silent, partial]);
  await transport.close();
  end(server, sessions);
});
