// The clock of a machine is off by a day, in either direction: a host with such a clock is not taken in and is told why; what runs on a
// node runs on and is served; and when the clock is right again all is as it was.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { patientMs } from './vm-cluster.ts';
import { openWebCluster, type WebCluster, webAnswers, webIsReady } from './web.ts';

let cluster: WebCluster;
before(async () => {
  cluster = await openWebCluster();
  await cluster.apply(staying);
  await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/staying', '--timeout=280s']);
});
after(async () => {
  await cluster?.close();
});

/** Not given up as soon as nginx, should the node not be heard of meanwhile. */
const staying = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'staying' },
  spec: {
    nodeName: 'b',
    tolerations: [{ operator: 'Exists' }],
    containers: [
      { name: 'main', image: busyboxImage, command: ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'] },
    ],
  },
};
const container = () => cluster.b.exec('docker ps --quiet --no-trunc --filter name=k8s_main_staying');
const setClock = (offSeconds: number) => cluster.b.exec(`date --set=@${Date.now() / 1000 + offSeconds}`);
const dayS = 86_400;
const message = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}';
const readySays = (pattern: RegExp) =>
  waitUntil(
    `the node says ${pattern}`,
    async () => pattern.test(await cluster.kubectl(['get', 'node', 'b', '-o', message])),
    { timeoutMs: patientMs, intervalMs: 500 },
  );

for (const [direction, offSeconds] of [
  ['ahead of', dayS],
  ['behind', -dayS],
] as const)
  test(`a day ${direction} the master`, async () => {
    const before = await container();
    assert.match(before, /^[0-9a-f]{64}\n$/);
    const token = (await cluster.master.exec('wherry token create')).trim();
    await setClock(offSeconds);

    const reason = new RegExp(`this host's clock is 86[34]\\d\\d s ${direction} the master's`);
    const as = `--data-dir /root/another --node-name another --server https://${cluster.master.address}:6443`;
    const { code, stderr } = await cluster.b.tryExec(`wherry join ${as} --token ${token}`);
    assert.equal(code, 1, stderr);
    assert.match(stderr, reason);
    const check = await cluster.b.tryExec('NO_COLOR=1 wherry check agent');
    assert.equal(check.code, 1);
    assert.match(check.stdout, new RegExp(`fail +master +${reason.source}`));

    // What is kept by the clock is looked at anew when the agent starts.
    await cluster.b.exec('systemctl restart wherry-agent', { timeoutMs: patientMs });
    for (const node of cluster.nodes) await webAnswers(cluster, node);
    // A master that is of tomorrow is not believed any more, so nothing can be told there.
    if (offSeconds > 0) await readySays(reason);
    assert.equal(await container(), before);
    await setClock(0);
    await cluster.nodesAre('True');
    await readySays(/^wherry agent is posting ready status$/);
    await webIsReady(cluster);
    assert.equal(await container(), before);
    await cluster.kubectl(['logs', '--tail=1', 'staying']);
    assert.equal(await cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}']), 'b c');
  });
