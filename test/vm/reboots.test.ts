// Each machine in turn is shut down in order and boots again. A node's pods are ended first, as its installation asks for, and others take
// their place; a master starts nothing anew; and a node that boots without a master brings its pods back by itself.

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

const nodesOfPods = async () => (await webPods(cluster)).map(({ node }) => node);
const containersOn = async (node: 'b' | 'c') =>
  (await cluster[node].exec('docker ps --quiet --no-trunc --filter label=io.kubernetes.container.name=nginx')).trim();

test('a node that is rebooted ends its pods in order and is of the cluster again, and the others serve meanwhile', async () => {
  const [onB] = await webPods(cluster);
  const rebooting = cluster.b.reboot();
  let isOver = false;
  void rebooting.finally(() => {
    isOver = true;
  });
  // Some moments long connections may be sent to where nobody answers any more; not for long.
  while (!isOver) await webAnswers(cluster, cluster.c);
  await rebooting;
  await cluster.nodesAre('True', cluster.b);
  await webIsReady(cluster);
  await webAnswers(cluster, cluster.b);
  assert.ok(!(await webPods(cluster)).some(({ container }) => container === onB?.container));
  const told = await cluster.b.exec('journalctl --no-pager --boot=-1 --unit=wherry-agent');
  assert.match(told, /the host goes down: ending its pods/);
  assert.doesNotMatch(told, /pods did not end in time/);
});

test('a master that is rebooted starts nothing anew', async () => {
  const before = await webPods(cluster);
  await cluster.master.reboot();
  await cluster.nodesAre('True');
  assert.deepEqual(await webPods(cluster), before);
  for (const node of cluster.nodes) await webAnswers(cluster, node);
  assert.equal(await cluster.master.exec('systemctl is-active wherry-server'), 'active\n');
});

test('a node that is rebooted while the master is away brings its pods back, and serves them', async () => {
  if ((await nodesOfPods()).join() !== 'b,c') {
    await cluster.kubectl(['delete', 'pod', (await webPods(cluster))[0]?.name ?? '', '--timeout=240s']);
    await webIsReady(cluster);
  }
  assert.equal((await nodesOfPods()).join(), 'b,c');
  const [before, untouched] = [await containersOn('b'), await containersOn('c')];
  await cluster.master.unplug();
  await cluster.b.reboot();
  await waitUntil('nginx runs there again', async () => !['', before].includes(await containersOn('b')), {
    timeoutMs: patientMs,
    intervalMs: 500,
  });
  await webAnswers(cluster, cluster.b);
  await cluster.master.boot();
  await cluster.nodesAre('True');
  await webIsReady(cluster);
  assert.equal(await containersOn('c'), untouched);
});
