// A server as a service: alone on its directory, told to the service manager when it is ready and when it stops, and stopped cleanly
// by SIGTERM, at once, whoever watches.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import type { WatchEvent } from '../../src/client/transport.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { wherry } from '../cli/wherry.ts';
import { TestServer } from '../controllers/test-server.ts';
import { readAll } from './workload.ts';

const namespace = 'default';
let directory: string;
let said = '';
let server: TestServer;
let listener: ChildProcessByStdio<null, Readable, null> | undefined;

/** The service manager's end: prints each datagram as a line. Node cannot listen on such a socket. */
const manager = `
  use Socket; $| = 1;
  socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die; print "listening\\n";
  while (defined recv($s, my $text, 4096, 0)) { print "$text\\n"; }`;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-service-'));
  const socket = join(directory, 'notify');
  listener = spawn('setpriv', ['--pdeathsig', 'KILL', 'perl', '-e', manager, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  listener.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(listener.stdout, 'data');
  const preload = `--import=${join(import.meta.dirname, 'lose-worker.mjs')}`;
  server = await TestServer.open([], { env: { NOTIFY_SOCKET: socket, NODE_OPTIONS: preload } });
});
after(async () => {
  await server?.close();
  listener?.kill();
  await rm(directory, { recursive: true });
});

test('a second server on the same directory is refused, and the first goes on', async () => {
  const flags = [
    '--https-port',
    '1',
    '--advertise-address',
    '127.0.0.1',
    '--write-kubeconfig',
    join(directory, 'other'),
  ];
  const second = await wherry(['server', '--data-dir', server.dataDir, ...flags]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /in use by another server: stop that one first, or name another --data-dir/);
  await server.client.create(configMaps, { metadata: { namespace, name: 'first' } });
});

test('SIGTERM ends watches properly, keeps all that was acknowledged, and is done in less than a second', async () => {
  await waitUntil('the service manager hears of it', () => said.includes('READY=1'));
  assert.ok(!said.includes('STOPPING'));
  const writeMs = await server.writeMs();
  const { revision } = await readAll(server.client);
  const watches = Array.from({ length: 20 }, async () => {
    const seen: WatchEvent[] = [];
    const options = { namespace, resourceVersion: String(revision) };
    for await (const event of server.client.watch(configMaps, options, AbortSignal.timeout(10_000))) seen.push(event);
    return seen;
  });
  const created = await server.client.create(configMaps, { metadata: { namespace, name: 'last' } });
  const begun = performance.now();
  assert.equal(await server.end('SIGTERM'), 0);
  const tookMs = performance.now() - begun;
  // Less than a second, and a bit more where all takes longer; whoever watches would make it ten.
  assert.ok(tookMs < Math.max(1_000, 40 * writeMs), `${tookMs} ms, a write ${writeMs}`);
  for (const seen of await Promise.all(watches)) {
    const last = seen.find(({ type }) => type === 'ADDED');
    assert.equal(last?.object.metadata?.resourceVersion, created.metadata.resourceVersion);
  }
  await waitUntil('the service manager hears of it', () => said.includes('STOPPING=1'));
  await server.start();
  assert.deepEqual(
    [...(await readAll(server.client)).objects.keys()].filter((name) => name !== 'kube-root-ca.crt'),
    ['first', 'last'],
  );
});

test('a server that has lost its database worker ends, so that it is started anew', async () => {
  assert.equal(await server.end('SIGUSR2'), 1);
  await server.start();
  await server.client.create(configMaps, { metadata: { namespace, name: 'after' } });
});

test('a lock is gone with the process that held it, however that ended', async () => {
  await server.kill();
  await server.start();
});
