// The plug of the master is pulled: everything goes on without it, and back on power it knows all that it had acknowledged.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { patientMs } from './vm-cluster.ts';
import { openWebCluster, type WebCluster, webAnswers, webIsReady, webPods } from './web.ts';

let cluster: WebCluster;
before(async () => {
  cluster = await openWebCluster();
});
after(async () => {
  await cluster?.close();
});

test('without the master every node serves on and starts anew what ends; back on power it knows all of before', async () => {
  const before = await webPods(cluster);
  await cluster.kubectl(['create', 'configmap', 'kept', '--from-literal=word=acknowledged']);
  await cluster.master.unplug();
  for (const node of [cluster.b, cluster.c]) await webAnswers(cluster, node);
  const [ended, untouched] = before;
  await cluster.b.exec(`docker kill ${ended?.container}`);
  const running = async () =>
    (await cluster.b.exec('docker ps --quiet --no-trunc --filter label=io.kubernetes.container.name=nginx')).trim();
  await waitUntil('its node starts it again by itself', async () => !['', ended?.container].includes(await running()), {
    timeoutMs: patientMs,
    intervalMs: 500,
  });
  await cluster.master.boot();
  await cluster.nodesAre('True');
  assert.equal(await cluster.kubectl(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.word}']), 'acknowledged');
  await webIsReady(cluster);
  const now = await webPods(cluster);
  assert.deepEqual(now.map(({ name }) => name).sort(), before.map(({ name }) => name).sort());
  assert.deepEqual(
    now.find(({ name }) => name === untouched?.name),
    untouched,
  );
});
