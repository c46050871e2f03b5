// The address of a load balancer stands on one node of the LAN at a time, and everybody on the LAN knows where it has gone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type NodeNetwork } from './lab.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';

const balancer = '172.30.7.50';
const ports = [{ port: 80, targetPort: 8080 }];

let lab: Lab;
const networks: NodeNetwork[] = [];
const network = (index: number) => networks[index] as NodeNetwork;

async function putNodes(to: NodeNetwork): Promise<void> {
  for (const [name, address, range] of [
    ['a', '172.30.7.11', '10.244.1.0/24'],
    ['b', '172.30.7.12', '10.244.2.0/24'],
  ] as const)
    await to.order({ do: 'put', plural: 'nodes', object: nodeObject(name, range, address) });
}

async function announce(to: NodeNetwork, nodeName: string, pod: string): Promise<void> {
  const service = serviceObject('web', { type: 'LoadBalancer', clusterIP: '10.96.0.80', ports }, [balancer]);
  const metadata = { ...service.metadata, annotations: { 'wherry.io/announced-by': nodeName } };
  await to.order({ do: 'put', plural: 'services', object: { ...service, metadata } });
  await to.order({ do: 'put', plural: 'endpointslices', object: sliceObject('web', ports, [{ address: pod }]) });
}

const holders = async (): Promise<string> => {
  const held = lab.hosts.map(async (host) => {
    const shown = await host.run('ip', ['-br', '-4', 'address', 'show', 'dev', 'eth0']);
    return shown.includes(`${balancer}/32`) ? [host.name] : [];
  });
  return (await Promise.all(held)).flat().join();
};
const ask = async () => (await lab.client.ask(balancer, 80))[0] ?? '';

before(async () => {
  lab = await Lab.open(['a', 'b']);
  for (const host of lab.hosts) {
    const own = lab.networkOf(host, { secondsInOne: 60 });
    networks.push(own);
    own.launch();
    await putNodes(own);
    await own.order({ do: 'appear' });
    await own.order({ do: 'start' });
  }
});
after(async () => await lab?.close());

test('it comes to the node that is named, and from outside is served there', async () => {
  const pods = await Promise.all(['one', 'two'].map((name) => lab.pod(name)));
  const addresses: string[] = [];
  for (const [index, pod] of pods.entries()) {
    const { result } = await network(index).order({ do: 'attach', uid: pod.uid, pid: pod.pid });
    addresses.push(result as string);
  }
  // Each node leads to a pod of its own, by which is seen who was asked.
  await announce(network(0), 'a', addresses[0] ?? '');
  await announce(network(1), 'a', addresses[1] ?? '');
  await waitUntil('the address', async () => (await holders()) === 'a');
  await waitUntil('an answer', async () => /^0 one/.test(await ask()));
});

test('when its node is cut off and another one is named, clients that know the first are led on', async () => {
  const known = await lab.client.run('ip', ['neigh', 'show', balancer]);
  assert.match(known, /lladdr/);
  await lab.host(0).run('ip', ['link', 'set', 'eth0', 'down']);
  const begun = performance.now();
  await announce(network(1), 'b', '10.244.2.2');
  await waitUntil('an answer of the other', async () => /^0 two/.test(await ask()), { timeoutMs: 15_000 });
  const ms = performance.now() - begun;
  assert.ok(ms < 8_000, `it took ${Math.round(ms)} ms, as long as the client takes to find out by itself`);
  assert.notEqual(await lab.client.run('ip', ['neigh', 'show', balancer]), known);
});

test('the first gives it back when it hears of it, also when its agent was started anew', async () => {
  await network(0).kill();
  await lab.host(0).run('ip', ['link', 'set', 'eth0', 'up']);
  network(0).launch();
  await putNodes(network(0));
  await network(0).order({ do: 'start' });
  assert.equal(await holders(), 'a,b', 'not before it knows');
  await announce(network(0), 'b', '10.244.1.2');
  await network(0).order({ do: 'appear' });
  await waitUntil('one holder', async () => (await holders()) === 'b');
});

test('what somebody took away is put back, and all is taken back at the end', async () => {
  const host = lab.host(1);
  await host.run('ip', ['address', 'del', `${balancer}/32`, 'dev', 'eth0']);
  await waitUntil('put back', async () => (await holders()) === 'b');
  await network(1).kill();
  const [code] = await once(host.start('remove', []), 'exit');
  assert.equal(code, 0);
  assert.equal(await holders(), '');
});
