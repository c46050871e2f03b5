// A server that was just upgraded: it serves reads, takes no writes and lets nothing act until it is found well; and a way back that was
// broken off is finished at the next start.
import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { holdFile, stateBefore } from '../../src/backup/upgrade-hold.ts';
import { tryCommand } from '../bench/command.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { TestServer } from '../controllers/test-server.ts';

let server: TestServer;
const directory = () => join(server.dataDir, 'server');
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

const spec = {
  replicas: 0,
  selector: { matchLabels: { app: 'web' } },
  template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'x' }] } },
};

test('while it is held nothing is written and nothing acts; then what had to wait is done', async () => {
  await server.client.create(configMaps, { metadata: { namespace: 'default', name: 'before' } });
  await server.client.create(deployments, { metadata: { namespace: 'default', name: 'web' }, spec });
  const made = async () => (await server.client.list(replicaSets, { namespace: 'default' })).items.length;
  await waitUntil('its replica set', async () => (await made()) === 1);
  await server.kill();
  await writeFile(holdFile(directory()), '{}');
  await server.start();
  assert.equal((await server.client.get(configMaps, { namespace: 'default', name: 'before' })).metadata.name, 'before');
  let isWritten = false;
  const writing = server.client
    .create(configMaps, { metadata: { namespace: 'default', name: 'during' } })
    .then(() => (isWritten = true));
  // kubectl is told the same, and comes again.
  const { stderr } = await tryCommand('kubectl', [
    ...['--kubeconfig', server.kubeconfigFile, '--request-timeout=3s', 'create', 'configmap', 'x', '-v', '6'],
  ]);
  assert.match(stderr, / 429 /);
  await assert.rejects(server.client.get(configMaps, { namespace: 'default', name: 'during' }), { code: 404 });
  assert.equal(isWritten, false);
  await rm(holdFile(directory()));
  await writing;
  // Who was held comes again by itself, and controllers go on.
  await server.client.patch(
    deployments,
    { namespace: 'default', name: 'web' },
    {
      spec: { template: { metadata: { labels: { app: 'web', version: '2' } } } },
    },
  );
  await waitUntil('the next replica set', async () => (await made()) === 2);
  assert.match(server.output, /upgrade: writes are taken/);
});

test('a way back that was broken off is finished when the server starts', async () => {
  await server.kill();
  await rename(directory(), stateBefore(directory()));
  await server.start();
  assert.equal((await server.client.get(configMaps, { namespace: 'default', name: 'during' })).metadata.name, 'during');
});
