import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type NodeNetwork, settings, type TestPod } from './lab.ts';
import { namespaceObject, nodeObject, serviceObject, sliceObject } from './objects.ts';

let lab: Lab;
let network: NodeNetwork;
let pod: TestPod;

const sql = [{ name: 'sql', port: 5432 }];
const endpoints = Array.from({ length: 60 }, (_, index) => ({ address: `10.244.1.${100 + index}` }));

/** As a pod sees it. */
async function ask(...questions: [type: string, name: string][]): Promise<unknown[]> {
  const lines = await pod.run('resolve', [settings.dnsAddress, ...questions.flat()]);
  return lines.map((line) => JSON.parse(line));
}

before(async () => {
  lab = await Lab.open(['a']);
  const upstream = lab.client.start('upstream', []);
  if (upstream.stdout) await once(upstream.stdout, 'data');
  network = lab.networkOf(lab.host(0));
  network.launch();
  const puts = [
    ['nodes', nodeObject('a', '10.244.1.0/24', '172.30.7.11')],
    ['services', serviceObject('web', { clusterIP: '10.96.0.80', ports: [{ name: 'http', port: 80 }] })],
    ['services', serviceObject('db', { clusterIP: 'None', ports: sql })],
    ['services', serviceObject('few', { clusterIP: 'None', ports: sql })],
    ['endpointslices', sliceObject('db', sql, endpoints)],
    ['endpointslices', sliceObject('few', sql, endpoints.slice(0, 2))],
  ] as const;
  for (const [plural, object] of puts) await network.order({ do: 'put', plural, object });
  await network.order({ do: 'appear' });
  await network.order({ do: 'start' });
  pod = await lab.pod('asking');
  await network.order({ do: 'attach', uid: pod.uid, pid: pod.pid });
});

after(async () => await lab?.close());

test('a pod finds services, headless ones, ports and the way back', async () => {
  const [address, v6, none, few, reverse, port] = await ask(
    ['A', 'web.shop.svc.cluster.local'],
    ['AAAA', 'web.shop.svc.cluster.local'],
    ['A', 'none.shop.svc.cluster.local'],
    ['A', 'few.shop.svc.cluster.local'],
    ['PTR', '80.0.96.10.in-addr.arpa'],
    ['SRV', '_http._tcp.web.shop.svc.cluster.local'],
  );
  assert.deepEqual([address, v6, none], [['10.96.0.80'], 'ENODATA', 'ENOTFOUND']);
  assert.deepEqual((few as string[]).toSorted(), ['10.244.1.100', '10.244.1.101'], 'in one order or another');
  assert.deepEqual(reverse, ['web.shop.svc.cluster.local']);
  assert.deepEqual(port, [{ type: 'SRV', name: 'web.shop.svc.cluster.local', port: 80, priority: 0, weight: 100 }]);
});

test('what does not fit into a datagram comes over TCP, ours and that of others', async () => {
  const [own, others] = (await ask(['A', 'db.shop.svc.cluster.local'], ['A', 'big.example'])) as string[][];
  assert.equal(own?.length, 60);
  assert.equal(others?.length, 100);
});

test('the rest of the world is asked of the host’s resolver', async () => {
  assert.deepEqual(await ask(['A', 'www.example'], ['A', 'www.example.cluster.local']), [['192.0.2.77'], 'ENOTFOUND']);
});

test('answers follow the cluster', async () => {
  await network.order({ do: 'delete', plural: 'services', key: 'shop/web' });
  await network.order({ do: 'put', plural: 'endpointslices', object: sliceObject('few', sql, endpoints.slice(1, 2)) });
  await waitUntil('both changes', async () => {
    const answers = await ask(['A', 'web.shop.svc.cluster.local'], ['A', 'few.shop.svc.cluster.local']);
    return isDeepStrictEqual(answers, ['ENOTFOUND', ['10.244.1.101']]);
  });
});

test('a namespace is there also while it has no service', async () => {
  const name = 'quiet.svc.cluster.local';
  assert.deepEqual(await ask(['A', name]), ['ENOTFOUND']);
  await network.order({ do: 'put', plural: 'namespaces', object: namespaceObject('quiet') });
  await waitUntil('the namespace', async () => (await ask(['A', name]))[0] === 'ENODATA');
  assert.deepEqual(await ask(['A', `web.${name}`]), ['ENOTFOUND']);
  await network.order({ do: 'delete', plural: 'namespaces', key: 'quiet' });
  await waitUntil('no namespace', async () => (await ask(['A', name]))[0] === 'ENOTFOUND');
});

test('after a restart without a master names are known as they were last', async () => {
  const folder = join(network.config.dataDir, 'network/remembered');
  const kept = async (name: string) => (await readFile(join(folder, `${name}.jsonl`), 'utf8')).split('\n');
  await waitUntil('what is known is kept', async () => {
    const few = (await kept('endpoint-slices')).filter((line) => line.includes('"few-1"'));
    const isPresent = few.length === 1 && few[0]?.includes('10.244.1.101') && !few[0].includes('10.244.1.100');
    return isPresent && !(await kept('services')).some((line) => line.includes('"web"'));
  });
  await restart('and its DNS');
  const questions: [string, string][] = [
    ['A', 'few.shop.svc.cluster.local'],
    ['A', 'web.shop.svc.cluster.local'],
    ['A', 'www.example'],
  ];
  assert.deepEqual(await ask(...questions), [['10.244.1.101'], 'ENOTFOUND', ['192.0.2.77']]);

  await rm(folder, { recursive: true });
  await restart('and its DNS');
  const without = await ask(...questions.slice(1));
  assert.deepEqual(without, ['ESERVFAIL', ['192.0.2.77']], 'where nothing is known, names are not denied');
});

async function restart(_: 'and its DNS'): Promise<void> {
  await network.kill();
  for (const pid of await lab.host(0).dnsPrograms()) process.kill(pid, 'SIGKILL');
  network.launch();
  await network.order({ do: 'start' });
}
