import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { handoverListing, handoverProgram } from './handover-program.ts';
import { CannotConnect, PodConnector } from './pod-connector.ts';

const asRoot = { skip: process.getuid?.() !== 0 && 'needs root', timeout: 20_000 };

test('a socket that was connected by the program is ours: both directions, each with its end', asRoot, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'wherry-connect-'));
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void text(socket).then((heard) => socket.end(`heard ${heard.length}`));
  });
  t.after(async () => {
    server.close();
    await rm(dataDir, { recursive: true });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const connector = new PodConnector(dataDir);
  const { signal } = new AbortController();
  const startMs = performance.now();
  const sockets = await Promise.all(Array.from({ length: 10 }, () => connector.connect(process.pid, port, signal)));
  t.diagnostic(`10 connections took ${Math.round(performance.now() - startMs)} ms`);
  for (const socket of sockets) socket.end('x'.repeat(10_000_000));
  for (const socket of sockets) assert.equal(await text(socket), 'heard 10000000');
});

test('a server that ends first hears the client to its end', asRoot, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'wherry-connect-'));
  const heard = Promise.withResolvers<string>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.end('bye');
    void text(socket).then(heard.resolve);
  });
  t.after(async () => {
    server.close();
    await rm(dataDir, { recursive: true });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = await new PodConnector(dataDir).connect(process.pid, port, new AbortController().signal);
  assert.equal(await text(socket), 'bye');
  socket.end('still here');
  assert.equal(await heard.promise, 'still here');
});

test('what cannot be connected is told with the reason', asRoot, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'wherry-connect-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const connector = new PodConnector(dataDir);
  const isRefused = (error: unknown) =>
    error instanceof CannotConnect && /127\.0\.0\.1:1: connect: connection refused, IPv6/.test(error.message);
  await assert.rejects(connector.connect(process.pid, 1, AbortSignal.timeout(10_000)), isRefused);
  await assert.rejects(connector.connect(2 ** 30, 1, AbortSignal.timeout(10_000)), /the pod has ended/);
});

test('the program is small, and is for the architecture for which it is written', () => {
  assert.ok(handoverProgram('x64').length < 500);
  assert.ok(handoverListing().some((line) => line.startsWith('main')));
  assert.throws(() => handoverProgram('arm64'), /written for x64 only, this host is arm64/);
});
