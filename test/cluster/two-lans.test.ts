// A cluster on two links with a router between: pods are reached everywhere, and again after a host changed its address, lost its
// power, or was cut off.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addressOf, type Node } from '../../src/api/kinds/node.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { DockerHost } from '../bench/hosts.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { nginxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
const podAddresses = async () => {
  const { items } = await cluster.kubectlJson<{ items: Pod[] }>('get', 'pods', '-l', 'app=nginx');
  return new Map(items.map(({ spec, status }) => [spec.nodeName ?? '', status.podIP ?? '']));
};

async function answers(from: DockerHost, address: string): Promise<boolean> {
  const { stdout } = await from.host.tryExec('curl', ['-s', '--max-time', '1', `http://${address}/`]);
  return stdout.includes('Welcome to nginx!');
}

/** From each host the pods of all hosts. */
async function assertAllReached(): Promise<void> {
  await waitUntil('a pod on each host', async () => (await podAddresses()).size === 3);
  for (const from of cluster.hosts.hosts) {
    for (const host of cluster.hosts.hosts) {
      const reached = async () => await answers(from, (await podAddresses()).get(host.host.name) ?? '');
      await waitUntil(`${from.host.name} reaches the pod of ${host.host.name}`, reached);
    }
  }
}

before(async () => {
  cluster = await Cluster.open({ names: ['a', 'b', 'far'], beyondRouter: ['far'] });
  await cluster.applyExample('nginx.yaml', nginxImage);
  await cluster.kubectl('scale', 'deployment/nginx', '--replicas=3');
  await cluster.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=60s');
});
after(async () => await cluster?.close());

test('all hosts reach the pods of all', async () => {
  await assertAllReached();
});

test('a host that changes its address is a node of the new one when its agent was started anew, and its pods are the same', async () => {
  const far = cluster.hosts.host('far');
  const before = await podAddresses();
  await far.readdress(77);
  // It notices by itself; a service manager starts the next one.
  await cluster.ended('far');
  assert.match(await cluster.logs(), /has changed from 172\.31\.201\.13 to 172\.31\.201\.77: it has to start again/);
  await cluster.startAgent(far);
  await waitUntil('node', async () => {
    const node = await cluster.kubectlJson<Node>('get', 'node', 'far');
    return addressOf(node, 'InternalIP') === '172.31.201.77';
  });
  await assertAllReached();
  assert.deepEqual(await podAddresses(), before);
});

test('a host that was cut off is reached when it is healed; nobody is called unavailable for it', async () => {
  const far = cluster.hosts.host('far');
  const address = (await podAddresses()).get('far') ?? '';
  await far.partition();
  assert.equal(await answers(cluster.hosts.host('b'), address), false);
  await far.heal();
  await assertAllReached();
  await cluster.nodesReady();
  await waitUntil('conditions', async () => {
    const { items } = await cluster.kubectlJson<{ items: Node[] }>('get', 'nodes');
    const conditions = items.map(({ status }) => status.conditions?.find(({ type }) => type === 'NetworkUnavailable'));
    return conditions.every((condition) => condition?.reason === 'PodNetworkIsUp');
  });
});

test('a host that lost its power has its tunnel, its routes and its pods again', async () => {
  for (const name of ['far', 'b']) {
    const on = cluster.hosts.host(name);
    await on.kill();
    await on.boot();
    await cluster.startAgent(on);
  }
  await cluster.nodesReady();
  await assertAllReached();
});
