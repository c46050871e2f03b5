// The plug of a node is pulled: its pods run elsewhere and its port is served by the others. Back on power it is of the cluster again.

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

test('the pods of a node without power run elsewhere after their time, and its port is served by the others', async () => {
  const before = await webPods(cluster);
  const [, onC] = before;
  assert.deepEqual(
    before.map(({ node }) => node),
    ['b', 'c'],
  );
  await cluster.b.unplug();
  await cluster.nodesAre('Unknown', cluster.b);
  // What is not ready is not asked any more: every answer is of the one that is left.
  for (let index = 0; index < 20; index += 1) await webAnswers(cluster, cluster.c);
  await waitUntil('the pods run on c', async () => (await webPods(cluster)).every(({ node }) => node === 'c'), {
    timeoutMs: patientMs,
    intervalMs: 1000,
  });
  await webIsReady(cluster);
  assert.deepEqual(
    (await webPods(cluster)).find(({ name }) => name === onC?.name),
    onC,
    'the pod that was on c all the time is as it was',
  );
});

test('back on power the node is of the cluster again, and what was moved away is gone from it', async () => {
  await cluster.b.boot();
  await cluster.nodesAre('True', cluster.b);
  await webAnswers(cluster, cluster.b);
  const left = async () =>
    (await cluster.b.exec('docker ps --all --quiet --filter label=io.kubernetes.pod.name')).trim();
  await waitUntil('the pods of before are taken away', async () => (await left()) === '', {
    timeoutMs: patientMs,
    intervalMs: 1000,
  });
  assert.equal((await cluster.kubectl(['get', 'pods', '-o', 'name'])).trim().split('\n').length, 2);
});
