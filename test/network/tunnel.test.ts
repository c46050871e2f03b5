import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type Machine, type NodeNetwork, type TestPod } from './lab.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';

// Hosts a and b share a link, c is beyond a router that knows nothing of pods.

let lab: Lab;
let networks: NodeNetwork[];
const pods: TestPod[] = [];
const podCidrs = ['10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24'];
const addresses = ['10.244.1.2', '10.244.2.2', '10.244.3.2'];

const network = (index: number): NodeNetwork => networks[index] as NodeNetwork;
const pod = (index: number): TestPod => pods[index] as TestPod;
const hostC = (): Machine => lab.host(2);
const routesOf = async (host: Machine) => await host.run('ip', ['route', 'show', 'proto', '87']);
const nodeOf = (index: number, address?: string) =>
  nodeObject('abc'.charAt(index), podCidrs[index] as string, address ?? lab.host(index).address);

async function tellAll(objects: ReturnType<typeof nodeOf>[], of = networks): Promise<void> {
  for (const node of of) for (const object of objects) await node.order({ do: 'put', plural: 'nodes', object });
}

async function launch(index: number): Promise<void> {
  network(index).launch();
  await tellAll([nodeOf(0), nodeOf(1), nodeOf(2)], [network(index)]);
  await network(index).order({ do: 'appear' });
  await network(index).order({ do: 'start' });
}

const answers = async (from: number, to: number): Promise<boolean> =>
  (await pod(from).ask(addresses[to] as string, 8080))[0] === `0 ${to} ${addresses[from]}`;

/** Asks twenty times a second, so that nothing has to be started when time is taken; what came of it. */
function keepAsking(from: number, to: number): { outcomes: string[]; isAnswered(): boolean; end(): void } {
  const client = pod(from).start('ask', [addresses[to] as string, '8080', 'tcp', '0', '20']);
  const outcomes: string[] = [];
  if (client.stdout) createInterface({ input: client.stdout }).on('line', (line) => outcomes.push(line));
  const isAnswered = () => outcomes.some((outcome) => outcome.startsWith(`0 ${to} `));
  return { outcomes, isAnswered, end: () => void client.kill() };
}

async function allReachAll(): Promise<void> {
  for (const from of [0, 1, 2]) {
    for (const to of [0, 1, 2]) if (from !== to) await waitUntil(`${from} reaches ${to}`, () => answers(from, to));
  }
}

before(async () => {
  lab = await Lab.open(['a', 'b', 'c'], { beyondRouter: ['c'] });
  networks = lab.hosts.map((host) => lab.networkOf(host));
  for (const index of [0, 1, 2]) {
    await launch(index);
    pods.push(await lab.pod(String(index)));
    const { result } = await network(index).order({ do: 'attach', uid: pod(index).uid, pid: pod(index).pid });
    assert.equal(result, addresses[index]);
  }
});

after(async () => await lab?.close());

test('pods reach each other by their own addresses: directly on one link, wrapped beyond the router', async () => {
  await allReachAll();
  const routes = await routesOf(lab.host(0));
  assert.match(routes, /10\.244\.2\.0\/24 via 172\.30\.7\.12 dev eth0/);
  assert.match(routes, /10\.244\.3\.0\/24 via 10\.244\.3\.1 dev wherry-vxlan .*src 10\.244\.1\.1/);
});

test('large answers come through whole, though wrapped packets must be smaller', async () => {
  assert.match(await lab.host(0).run('ip', ['link', 'show', 'wherry-vxlan']), /mtu 1450/);
  await waitUntil('bridge', async () => (await hostC().run('ip', ['link', 'show', 'wherry0'])).includes('mtu 1450'));
  for (const [from, to] of [
    [0, 2],
    [2, 1],
    [0, 1],
  ] as const) {
    const [answer = ''] = await pod(from).ask(addresses[to] as string, 8081);
    assert.equal(answer.length, 200_002, answer.slice(0, 80));
  }
});

test('hosts reach pods beyond the router, by address and by service', async () => {
  assert.deepEqual(await lab.host(0).ask('10.244.3.2', 8080), ['0 2 10.244.1.1']);
  assert.deepEqual(await hostC().ask('10.244.2.2', 8080), ['0 1 10.244.3.1']);
  const ports = [{ port: 80, targetPort: 8080 }];
  for (const index of [0, 2]) {
    await network(index).order({
      do: 'put',
      plural: 'services',
      object: serviceObject('web', { clusterIP: '10.96.0.80', ports }),
    });
    const object = sliceObject('web', ports, [{ address: index === 0 ? '10.244.3.2' : '10.244.1.2' }]);
    await network(index).order({ do: 'put', plural: 'endpointslices', object });
  }
  await waitUntil('service on a', async () => (await lab.host(0).ask('10.96.0.80', 80))[0] === '0 2 10.244.1.1');
  await waitUntil('service in a pod of a', async () => (await pod(0).ask('10.96.0.80', 80))[0] === '0 2 10.244.1.2');
  await waitUntil('service on c', async () => (await hostC().ask('10.96.0.80', 80))[0] === '0 0 10.244.3.1');
});

test('what leaves the cluster bears the address of its host', async () => {
  const server = lab.client.start('pod', ['client']);
  await waitUntil('an answer', async () => (await pod(2).ask('172.30.7.10', 8080))[0] === '0 client 172.30.8.13');
  assert.deepEqual(await pod(0).ask('172.30.7.10', 8080), ['0 client 172.30.7.11']);
  server.kill();
});

test('a node that changed its address is reached there within a second of the others knowing', async (t) => {
  await hostC().run('ip', ['address', 'del', '172.30.8.13/24', 'dev', 'eth0']);
  await hostC().run('ip', ['address', 'add', '172.30.8.77/24', 'dev', 'eth0']);
  await hostC().run('ip', ['route', 'replace', '172.30.7.0/24', 'via', '172.30.8.1']);
  await network(2).kill();
  Object.assign(network(2).config, { nodeAddress: '172.30.8.77' });
  Object.assign(hostC(), { address: '172.30.8.77' });
  await launch(2);
  const shown = async () => await hostC().run('ip', ['-d', 'link', 'show', 'wherry-vxlan']);
  await waitUntil('anew', async () => (await shown()).includes('local 172.30.8.77 '));
  const asking = [keepAsking(0, 2), keepAsking(2, 1)];
  await waitUntil('asked in vain', () => asking.every(({ outcomes }) => outcomes.length > 0));
  assert.ok(!asking.some(({ isAnswered }) => isAnswered()), 'not before they know');
  const begun = performance.now();
  await tellAll([nodeOf(2)]);
  await waitUntil('there', () => asking.every(({ isAnswered }) => isAnswered()));
  const tookMs = performance.now() - begun;
  for (const { end } of asking) end();
  t.diagnostic(`reached after ${Math.round(tookMs)} ms`);
  // A second, and what else the machine has to do.
  assert.ok(tookMs < 5_000, `${tookMs}`);
  assert.match(await lab.host(1).run('bridge', ['fdb', 'show', 'dev', 'wherry-vxlan']), /dst 172\.30\.8\.77 /);
  assert.doesNotMatch(await lab.host(1).run('bridge', ['fdb', 'show', 'dev', 'wherry-vxlan']), /172\.30\.8\.13/);
});

test('kill -9 of an agent: packets go on, and its next life changes nothing', async () => {
  const stateOf = async () => [
    await routesOf(lab.host(0)),
    await lab.host(0).run('ip', ['-o', 'link', 'show', 'wherry-vxlan']),
    await lab.host(0).run('bridge', ['fdb', 'show', 'dev', 'wherry-vxlan']),
  ];
  const before = await stateOf();
  await network(0).kill();
  assert.equal(await answers(0, 2), true);
  await launch(0);
  await waitUntil('routes are checked', () => network(0).log.split('pod network is up').length === 3);
  assert.equal(await answers(2, 0), true);
  assert.deepEqual(await stateOf(), before);
});

test('a host that lost its power comes back with nothing, and has all of it again without the master', async () => {
  const kept = join(network(1).config.dataDir, 'network/remembered/nodes.jsonl');
  await waitUntil('all kept', async () => (await readFile(kept, 'utf8')).includes('10.244.3.0/24'), {
    timeoutMs: 60_000,
  });
  await network(1).kill();
  // What a reboot leaves of a network: nothing.
  await lab
    .host(1)
    .run('sh', [
      '-c',
      'ip link del wherry-vxlan; ip link del wherry0; ip route flush proto 87; ip link del wh0af40202; iptables -t nat -F; iptables -F; iptables -t nat -X; iptables -X',
    ]);
  network(1).launch();
  await network(1).order({ do: 'start' });
  pods[1] = await lab.pod('1');
  Object.assign(pod(1), { uid: 'uid-of-1' });
  await network(1).order({ do: 'attach', uid: 'uid-of-1', pid: pod(1).pid });
  await waitUntil('as it was', async () => (await answers(1, 0)) && (await answers(0, 1)));
  assert.match(await routesOf(lab.host(1)), /10\.244\.3\.0\/24 via 10\.244\.3\.1 dev wherry-vxlan/);
  await network(1).order({ do: 'appear' });
  await tellAll([nodeOf(0), nodeOf(1), nodeOf(2)], [network(1)]);
  await allReachAll();
});

test('the tunnel goes with the last node that needs it', async () => {
  for (const index of [0, 1]) await network(index).order({ do: 'delete', plural: 'nodes', key: 'c' });
  for (const index of [0, 1]) {
    const links = async () => await lab.host(index).run('ip', ['-br', 'link']);
    await waitUntil('no tunnel', async () => !(await links()).includes('wherry-vxlan'));
    await waitUntil('as large as the link', async () =>
      (await lab.host(index).run('ip', ['link', 'show', 'wherry0'])).includes('mtu 1500'),
    );
  }
  assert.equal(await answers(0, 1), true);
});

test('wrapped on one link, too, where the cluster is told so; nothing but routes where it is told that', async () => {
  for (const [networkBackend, shown, hidden] of [
    ['vxlan', /10\.244\.2\.0\/24 via 10\.244\.2\.1 dev wherry-vxlan/, /dev eth0/],
    ['routes', /10\.244\.2\.0\/24 via 172\.30\.7\.12 dev eth0/, /vxlan/],
  ] as const) {
    for (const index of [0, 1]) {
      await network(index).kill();
      Object.assign(network(index).config.settings, { networkBackend });
      await launch(index);
    }
    await waitUntil(
      networkBackend,
      async () =>
        shown.test(await routesOf(lab.host(0))) &&
        shown.test(
          (await routesOf(lab.host(1)))
            .replace('1.0/24', '2.0/24')
            .replace('244.1.1', '244.2.1')
            .replace('7.11', '7.12'),
        ),
    );
    assert.doesNotMatch(await routesOf(lab.host(0)), hidden);
    await waitUntil('pods', async () => (await answers(0, 1)) && (await answers(1, 0)));
  }
  await waitUntil('c is told of', () => /no route to the pods of a node.*node=c/.test(network(0).log));
});
