// A disk that is full: writes are refused with a Status that says so, reads go on, nothing is half written, and when there is
// room again the server takes writes again by itself. The disk is a small tmpfs that only the server sees.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { StatusError } from '../../src/api/status.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { TestServer } from '../controllers/test-server.ts';
import { readAll } from './workload.ts';

const mountPoint = '/mnt';
const mount = `mount -t tmpfs -o size=6m tmpfs ${mountPoint} && mkdir ${mountPoint}/data && echo mounted && exec cat`;
/** Its mount namespace is the server's; it ends with the test. */
const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', 'sh', '-c', mount], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const disk = () => `/proc/${holder.pid}/root${mountPoint}`;

let server: TestServer;
before(async () => {
  await once(holder.stdout, 'data');
  const within = ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`];
  server = await TestServer.open(['--data-dir', `${mountPoint}/data`], { within });
});
after(async () => {
  await server?.close();
  holder.kill();
});

/** Takes all room that is left. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  for (let block = 65_536; block >= 512; ) {
    try {
      await handle.write(Buffer.alloc(block));
    } catch {
      block /= 2;
    }
  }
  await handle.close();
}

const create = (name: string) =>
  server.client.create(configMaps, { metadata: { namespace: 'default', name }, data: { content: 'x'.repeat(50_000) } });

test('writes are refused while the disk is full, reads go on, and it recovers by itself', async () => {
  const acknowledged: string[] = [];
  for (; acknowledged.length < 5; ) acknowledged.push((await create(`before-${acknowledged.length}`)).metadata.name);
  await server.informer(configMaps);
  await fill(join(disk(), 'filler'));

  // The log may have room of its own for a few more.
  let refusal: unknown;
  for (let count = 0; refusal === undefined && count < 200; count++) {
    const name = `full-${count}`;
    await create(name).then(
      () => acknowledged.push(name),
      (error: unknown) => {
        refusal = error;
      },
    );
  }
  assert.ok(refusal instanceof StatusError, String(refusal));
  assert.deepEqual([refusal.code, refusal.reason], [507, 'InsufficientStorage']);
  assert.match(refusal.message, /disk .* full/);
  await assert.rejects(create('again'), (error: unknown) => error instanceof StatusError && error.code === 507);

  const names = async () =>
    [...(await readAll(server.client)).objects.keys()].filter((name) => name !== 'kube-root-ca.crt');
  assert.deepEqual((await names()).sort(), acknowledged.toSorted());
  assert.equal(
    (await server.client.get(configMaps, { namespace: 'default', name: 'before-0' })).data?.content?.length,
    50_000,
  );

  await rm(join(disk(), 'filler'));
  await waitUntil('a write after there is room again', () => create('again'), { timeoutMs: 10_000 });
  acknowledged.push('again');
  await waitUntil('the log says so', () => server.output.includes('writes succeed again'));
  // Once each, however many were refused.
  assert.equal(server.output.match(/store: writes fail.*full/g)?.length, 1, server.output);
  assert.equal(server.output.match(/store: writes succeed again/g)?.length, 1);
  await server.when('the watch goes on', configMaps, (all) => all.some(({ metadata }) => metadata.name === 'again'));
  await server.kill();
  await server.start();
  assert.deepEqual((await names()).sort(), acknowledged.toSorted());
});
