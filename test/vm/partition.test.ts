// A node is cut off from all others: on both sides everything that runs goes on, its pods are replaced where the master is, and when the
// line is mended the cluster is one again, without a container started that need not be.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { patientMs } from './vm-cluster.ts';
import { isWeb, isWebWithin, openWebCluster, type WebCluster, webAnswers, webIsReady } from './web.ts';

let cluster: WebCluster;
before(async () => {
  cluster = await openWebCluster();
  await cluster.apply(staying);
  await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/staying', '--timeout=280s']);
});
after(async () => {
  await cluster?.close();
});

/** Waits for five minutes before it is given up, as pods do unless they say otherwise. */
const staying = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'staying' },
  spec: {
    nodeName: 'c',
    containers: [
      { name: 'main', image: busyboxImage, command: ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'] },
    ],
  },
};
const ownNginx = () => cluster.c.exec('docker ps --quiet --no-trunc --filter label=io.kubernetes.container.name=nginx');
const field = (name: string, path: string) => cluster.kubectl(['get', 'pod', name, '-o', `jsonpath={${path}}`]);
const nodesOfWeb = async () =>
  (await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}']))
    .split(' ')
    .sort();

test('on both sides nginx is served, and the master has what it misses run on its side', async () => {
  const container = await ownNginx();
  assert.match(container, /^[0-9a-f]{64}\n$/);
  await cluster.c.partition();
  await cluster.nodesAre('Unknown', cluster.c);
  // Soon none is led to the side that does not answer.
  let inARow = 0;
  await waitUntil(
    'twenty answers one after the other',
    async () => {
      inARow = (await isWeb(cluster, cluster.b).catch(() => false)) ? inARow + 1 : 0;
      return inARow === 20;
    },
    { timeoutMs: patientMs },
  );
  await waitUntil(
    'two run on b beside the one that cannot be told to go',
    async () => (await nodesOfWeb()).join() === 'b,b,c',
    {
      timeoutMs: patientMs,
      intervalMs: 1000,
    },
  );
  await webIsReady(cluster);
  assert.equal(await ownNginx(), container);
  await waitUntil('the node serves itself', async () => await isWebWithin(cluster.c), { timeoutMs: patientMs });
});

test('mended, the node does what it missed, and what was to stay is as it was', async () => {
  const containerOf = () => field('staying', '.status.containerStatuses[0].containerID');
  const before = await containerOf();
  await cluster.c.heal();
  await cluster.nodesAre('True', cluster.c);
  await waitUntil(
    'what was replaced is gone',
    async () => (await ownNginx()) === '' && (await nodesOfWeb()).join() === 'b,b',
    {
      timeoutMs: patientMs,
      intervalMs: 1000,
    },
  );
  await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/staying', '--timeout=280s']);
  assert.equal(await containerOf(), before);
  assert.equal(await field('staying', '.status.containerStatuses[0].restartCount'), '0');
  // By the other node.
  await webAnswers(cluster, cluster.c);
});
