// A backup that is taken while the server works, and is brought back: in place of the state that is there, and on a new machine. Who
// watched before the restore is told to read anew, and sees then what there is.
import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { isExpired, isUnauthorized } from '../../src/api/status.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { createJoinToken } from '../../src/cli/token.ts';
import { ensureIdentity } from '../../src/node/identity.ts';
import { wherry } from '../cli/wherry.ts';
import { TestServer } from '../controllers/test-server.ts';
import { readAll, Writer } from './workload.ts';

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

const namespace = 'default';
const create = (name: string) => server.client.create(configMaps, { metadata: { namespace, name }, data: { a: name } });
const contents = async () =>
  [...(await readAll(server.client)).objects].map(([name, { data }]) => [name, data]).toSorted();

/** How a watch from the revision ends, if it does at once. */
async function watchFrom(resourceVersion: string): Promise<unknown> {
  const stop = AbortSignal.timeout(5_000);
  try {
    for await (const { type, object } of server.client.watch(configMaps, { namespace, resourceVersion }, stop)) {
      return `${type} ${object.metadata?.name}`;
    }
    return 'it ended';
  } catch (error) {
    return error;
  }
}

test('a backup of a server under load is whole, and coming back to it is a clean cut', async () => {
  await create('before');
  await server.informer(configMaps);
  const writer = new Writer('w', 50);
  const enough = new Error('enough');
  let isTaken = false;
  const work = writer.work(server.client, () => {
    if (isTaken) throw enough;
  });
  const file = join(server.directory, 'one.backup.gz');
  const taken = await wherry(['backup', file, '--data-dir', server.dataDir]);
  assert.equal(taken.code, 0, taken.stderr);
  isTaken = true;
  await assert.rejects(work, enough);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const again = await wherry(['backup', file, '--data-dir', server.dataDir]);
  assert.deepEqual([again.code, /is there already/.test(again.stderr)], [1, true]);

  await create('lost');
  const { revision: last } = await readAll(server.client);
  const running = await wherry(['restore', '--force', file, '--data-dir', server.dataDir]);
  assert.deepEqual([running.code, /in use by another server: stop that one first/.test(running.stderr)], [1, true]);
  assert.equal(await server.end('SIGTERM'), 0);
  const unforced = await wherry(['restore', file, '--data-dir', server.dataDir]);
  assert.deepEqual([unforced.code, /is not empty: say --force/.test(unforced.stderr)], [1, true]);
  const restored = await wherry(['restore', '--force', file, '--data-dir', server.dataDir]);
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal((await readdir(server.dataDir)).filter((name) => name.startsWith('server.before-')).length, 1);

  await server.start();
  const { objects, revision } = await readAll(server.client);
  assert.ok(objects.has('before') && !objects.has('lost'));
  assert.ok(revision > last + 1e8, `${revision} after ${last}`);
  for (const old of [`${last}`, `${last + 1000}`]) {
    const told = await watchFrom(old);
    assert.ok(isExpired(told), `a watch from ${old}: ${told}`);
  }
  await server.when(
    'who watched sees the state of the backup',
    configMaps,
    (all) =>
      all.some(({ metadata }) => metadata.name === 'before') && all.every(({ metadata }) => metadata.name !== 'lost'),
  );
  await create('after');
  await server.when('who watched sees what comes then', configMaps, (all) =>
    all.some(({ metadata }) => metadata.name === 'after'),
  );
});

test('a node whose certificate was renewed since the backup is that node; one that was deleted and joined anew is not the old one', async () => {
  const { server: url } = server.kubeconfig;
  const log = createLog({ level: 'error' });
  const identityOf = async (nodeName: string, folder: string, joins: boolean) => {
    const token = joins ? await createJoinToken(server.kubeconfig, 600_000, 'test') : undefined;
    const dataDir = join(server.directory, folder, 'agent');
    const options = { server: url, token, nodeName, nodeIp: undefined, clock: systemClock, log, dataDir };
    return ensureIdentity(options, new AbortController().signal);
  };
  const getAs = async (identity: Awaited<ReturnType<typeof identityOf>>) =>
    (await server.clientAs(identity).get(nodes, { name: 'renewed' })).metadata.name;
  const before = await identityOf('renewed', 'renewed', true);
  const file = join(server.directory, 'renewed.backup.gz');
  assert.equal((await wherry(['backup', file, '--data-dir', server.dataDir])).code, 0);
  const flags = ['--data-dir', join(server.directory, 'renewed'), '--server', url];
  const rotated = await wherry(['certs', 'rotate', 'node', ...flags]);
  assert.equal(rotated.code, 0, rotated.stderr);
  const renewed = await identityOf('renewed', 'renewed', false);
  assert.notEqual(renewed.certificate, before.certificate);
  assert.equal(await server.end('SIGTERM'), 0);
  const restored = await wherry(['restore', '--force', file, '--data-dir', server.dataDir]);
  assert.equal(restored.code, 0, restored.stderr);
  await server.start();
  assert.equal(await getAs(renewed), 'renewed');

  await server.client.delete(nodes, { name: 'renewed' });
  const another = await identityOf('renewed', 'another', true);
  assert.equal(await getAs(another), 'renewed');
  await assert.rejects(getAs(renewed), isUnauthorized);
});

test('on a new machine the same keys and objects are served; a damaged backup changes nothing', async () => {
  const file = join(server.directory, 'two.backup.gz');
  assert.equal((await wherry(['backup', file, '--data-dir', server.dataDir])).code, 0);
  const wanted = await contents();
  const flag = ['--data-dir', join(server.directory, 'new')];
  const damaged = join(server.directory, 'damaged.gz');
  await writeFile(damaged, 'no backup at all');
  const refused = await wherry(['restore', damaged, ...flag]);
  assert.deepEqual([refused.code, /is damaged: .*Nothing has been changed/.test(refused.stderr)], [1, true]);
  const restored = await wherry(['restore', file, ...flag]);
  assert.equal(restored.code, 0, restored.stderr);

  // The old machine is gone; the new one has its name, and the administrator's old certificate is good there.
  await server.end('SIGTERM');
  const fresh = await TestServer.open([...flag, '--https-port', String(server.port)]);
  try {
    assert.deepEqual(await contents(), wanted);
    await create('on-the-new-machine');
  } finally {
    await fresh.close();
  }
});
