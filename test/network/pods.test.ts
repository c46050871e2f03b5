import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type NodeNetwork, type TestPod } from './lab.ts';
import { nodeObject } from './objects.ts';

let lab: Lab;
let networks: NodeNetwork[];
const pods: TestPod[] = [];

const network = (index: number): NodeNetwork => networks[index] as NodeNetwork;
const pod = (index: number): TestPod => pods[index] as TestPod;

async function attach(node: NodeNetwork, { uid, pid }: TestPod): Promise<string> {
  return (await node.order({ do: 'attach', uid, pid })).result as string;
}

before(async () => {
  lab = await Lab.open(['a', 'b']);
  networks = lab.hosts.map((host) => lab.networkOf(host));
  for (const name of ['one', 'two', 'three', 'four']) pods.push(await lab.pod(name));
});

after(async () => await lab?.close());

test('a node waits for its pod network to be given to it, then is up', async () => {
  network(0).launch();
  await network(0).order({ do: 'appear' });
  const started = network(0).order({ do: 'start' });
  await waitUntil('waiting', () => network(0).log.includes('waiting for the pod network'));
  await network(0).order({ do: 'put', plural: 'nodes', object: nodeObject('a', '10.244.1.0/24', '172.30.7.11') });
  await started;
  const address = await lab.host(0).run('ip', ['-br', '-4', 'address', 'show', 'wherry0']);
  assert.match(address, /10\.244\.1\.1\/24/);
});

test('pods of a node reach each other, and their node reaches them', async () => {
  assert.equal(await attach(network(0), pod(0)), '10.244.1.2');
  assert.equal(await attach(network(0), pod(1)), '10.244.1.3');
  assert.deepEqual(await pod(0).ask('10.244.1.3', 8080), ['0 two 10.244.1.2']);
  assert.deepEqual(await lab.host(0).ask('10.244.1.2', 8080), ['0 one 10.244.1.1']);
  assert.deepEqual(await pod(1).ask('10.244.1.3', 8080), ['0 two 10.244.1.3'], 'itself, by loopback');
});

test('attaching again leaves alone what is right and mends what is not', async () => {
  const host = lab.host(0);
  const linkOf = async () => await host.run('ip', ['-o', 'link', 'show', 'wh0af40102']);
  const before = await linkOf();
  assert.equal(await attach(network(0), pod(0)), '10.244.1.2');
  assert.equal(await linkOf(), before);
  await host.run('ip', ['link', 'del', 'wh0af40102']);
  assert.equal(await attach(network(0), pod(0)), '10.244.1.2');
  assert.deepEqual(await pod(1).ask('10.244.1.2', 8080), ['0 one 10.244.1.3']);
});

test('neither pods nor their bridge have IPv6, also a pod to which an earlier version left it', async () => {
  const addresses = async (of: string) =>
    (await lab.client.run('nsenter', [`--net=${of}`, 'ip', '-6', '-br', 'address', 'show', 'scope', 'link'])).trim();
  const podsNetwork = `/proc/${pod(0).pid}/ns/net`;
  const bridge = async () => await lab.host(0).run('ip', ['-6', 'address', 'show', 'dev', 'wherry0']);
  assert.deepEqual([await addresses(podsNetwork), await bridge()], ['', '']);
  const give = 'echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6';
  await lab.client.run('nsenter', [`--net=${podsNetwork}`, 'sh', '-c', give]);
  await waitUntil('IPv6', async () => (await addresses(podsNetwork)).includes('fe80::'));
  assert.equal(await attach(network(0), pod(0)), '10.244.1.2');
  assert.equal(await addresses(podsNetwork), '');
});

test('kill -9, restart without a master: the same addresses for the same pods, links untouched, none handed out twice', async () => {
  const linksOf = async () => await lab.host(0).run('ip', ['-o', 'link', 'show', 'type', 'veth']);
  const before = await linksOf();
  await network(0).kill();
  network(0).launch();
  await network(0).order({ do: 'start' });
  assert.equal(await attach(network(0), pod(1)), '10.244.1.3');
  assert.equal(await attach(network(0), pod(0)), '10.244.1.2');
  assert.equal(await linksOf(), before);
  assert.equal(await attach(network(0), pod(2)), '10.244.1.4');
});

test('what pods left behind is taken back, what they have is not', async () => {
  await network(0).order({ do: 'detachAllBut', uids: [pod(0).uid, pod(1).uid] });
  const links = await lab.host(0).run('ip', ['-br', 'link', 'show', 'type', 'veth']);
  assert.match(links, /wh0af40102/);
  assert.doesNotMatch(links, /wh0af40104/);
  await network(0).order({ do: 'detach', uid: pod(1).uid });
  await network(0).order({ do: 'detach', uid: pod(1).uid });
  assert.equal(await attach(network(0), pod(2)), '10.244.1.5', 'an address that was given back rests');
  assert.deepEqual(await pod(2).ask('10.244.1.2', 8080), ['0 one 10.244.1.5']);
});

test('a pod that was made anew in another namespace is wired again at its address', async () => {
  const anew = await lab.pod('one-anew');
  assert.equal(await attach(network(0), Object.assign(anew, { uid: pod(0).uid })), '10.244.1.2');
  assert.deepEqual(await pod(2).ask('10.244.1.2', 8080), ['0 one-anew 10.244.1.5']);
});

test('pods of different nodes reach each other as soon as the nodes know of each other, and no longer when one is gone', async () => {
  const objects = [nodeObject('a', '10.244.1.0/24', '172.30.7.11'), nodeObject('b', '10.244.2.0/24', '172.30.7.12')];
  network(1).launch();
  for (const node of networks) {
    for (const object of objects) await node.order({ do: 'put', plural: 'nodes', object });
    await node.order({ do: 'appear' });
  }
  await network(1).order({ do: 'start' });
  assert.equal(await attach(network(1), pod(3)), '10.244.2.2');
  const routesOf = async () => await lab.host(0).run('ip', ['route', 'show', 'proto', '87']);
  await waitUntil('route', async () => (await routesOf()).includes('10.244.2.0/24 via 172.30.7.12 dev eth0'));
  await waitUntil('both ways', async () => (await pod(2).ask('10.244.2.2', 8080))[0] === '0 four 10.244.1.5');
  assert.deepEqual(await pod(3).ask('10.244.1.5', 8080), ['0 three 10.244.2.2']);

  await lab.host(0).run('ip', ['route', 'add', '10.99.0.0/16', 'via', '172.30.7.12']);
  const far = nodeObject('far', '10.244.9.0/24', '192.0.2.9');
  await network(0).order({ do: 'put', plural: 'nodes', object: far });
  await waitUntil('the tunnel', async () =>
    (await routesOf()).includes('10.244.9.0/24 via 10.244.9.1 dev wherry-vxlan'),
  );
  await network(0).order({ do: 'delete', plural: 'nodes', key: 'b' });
  await waitUntil('route gone', async () => !(await routesOf()).includes('10.244.2.0/24'));
  assert.match(await lab.host(0).run('ip', ['route']), /10\.99\.0\.0\/16/, 'no route of others is touched');
});
