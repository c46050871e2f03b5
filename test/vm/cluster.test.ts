// A cluster on machines that boot, whose first cards all have one address: nodes are known by the other one, pods reach each other across
// machines, and nginx answers to a client outside on every node.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { openVmCluster, patientMs, type VmCluster } from './vm-cluster.ts';
import { nodePort, runWeb, webAnswers, webIsReady } from './web.ts';

let cluster: VmCluster;
before(async () => {
  cluster = await openVmCluster();
});
after(async () => {
  await cluster?.close();
});

const field = async (kind: string, name: string, path: string) =>
  await cluster.kubectl(['get', kind, name, '-o', `jsonpath={${path}}`]);

test('nodes are known by the address that leads to the others, though the default route is by another', async () => {
  for (const node of cluster.nodes) {
    assert.match(await node.exec('ip route show default'), /via 10\.0\.2\.2 dev ens16/);
    const addresses = await field('node', node.name, '.status.addresses[?(@.type=="InternalIP")].address');
    assert.equal(addresses, node.address);
  }
  const kubernetes = await field('endpoints', 'kubernetes', '.subsets[*].addresses[*].ip');
  assert.equal(kubernetes, cluster.master.address);
});

test('nginx answers to a client outside on the port of every node, from pods on each of them', async () => {
  await runWeb(cluster);
  const on = await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}']);
  assert.deepEqual(on.split(' ').sort(), ['b', 'c']);
  for (const node of cluster.nodes) await webAnswers(cluster, node);
  // Also on a node that has none of them.
  await cluster.kubectl(['cordon', 'c']);
  await cluster.kubectl(['delete', 'pods', '-l', 'app=web', '--field-selector=spec.nodeName=c', '--timeout=240s']);
  await webIsReady(cluster);
  for (const node of cluster.nodes) await webAnswers(cluster, node);
  await cluster.kubectl(['uncordon', 'c']);
});

test('where the iptables of the distribution stands in nftables, services have a table of their own there', async () => {
  for (const node of cluster.nodes) {
    assert.match(await node.exec('iptables --version'), /nf_tables/);
    assert.match(await node.exec('nft list map ip wherry ports'), new RegExp(`tcp \\. ${nodePort} : goto `));
    assert.doesNotMatch(await node.exec('iptables-save'), new RegExp(`${nodePort}`));
  }
});

test('pods reach each other across machines by address and by name, and the master reaches them for people', async () => {
  const asker = (nodeName: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `on-${nodeName}`, labels: { app: 'asked' } },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 2,
      containers: [
        { name: 'main', image: busyboxImage, command: ['sh', '-c', 'hostname >/index.html; httpd -f -p 80 -h /'] },
      ],
    },
  });
  const service = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: 'asked' }, ports: [{ port: 80 }] },
  });
  await cluster.apply(asker('b'), asker('c'), service('asked'));
  await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/on-b', 'pod/on-c', '--timeout=280s']);
  const ask = async (from: string, url: string) =>
    (await cluster.kubectl(['exec', from, '--', 'wget', '-q', '-O', '-', url])).trim();
  const ipOf = (name: string) => field('pod', name, '.status.podIP');
  assert.equal(await ask('on-b', `http://${await ipOf('on-c')}/index.html`), 'on-c');
  assert.equal(await ask('on-c', `http://${await ipOf('on-b')}/index.html`), 'on-b');
  const heard = new Set<string>();
  await waitUntil(
    'both answer by the name',
    async () => heard.add(await ask('on-b', 'http://asked/index.html')).size === 2,
    { timeoutMs: patientMs },
  );
  await cluster.kubectl(['exec', 'on-c', '--', 'sh', '-c', 'echo said >/proc/1/fd/1']);
  assert.equal(await cluster.kubectl(['logs', 'on-c']), 'said\n');
});
