// What pods ask for besides room, on a real server: affinity, spread, gates, other schedulers; what is told of it; and that a
// refused pod is tried again when something changed that may help it, and left alone otherwise.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { events } from '../../src/api/kinds/event.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
const zones = { one: 'east', two: 'east', three: 'west' };
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { cpu: '4' });
  await agents.start(...Object.keys(zones));
  for (const [name, zone] of Object.entries(zones))
    await server.client.patch(nodes, { name }, { metadata: { labels: { zone } } });
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const image = 'nginx';
function create(name: string, spec: Partial<Pod['spec']> = {}, labels: Record<string, string> = {}, cpu = '10m') {
  return server.client.create(pods, {
    metadata: { name, namespace: 'default', labels },
    spec: { containers: [{ name: 'main', image, resources: { requests: { cpu } } }], ...spec },
  });
}

function when(name: string, what: string, ask: (pod: Pod) => unknown): Promise<Pod> {
  return server.when(`${name} ${what}`, pods, (all) =>
    all.find((pod) => pod.metadata.name === name && Boolean(ask(pod))),
  );
}

const bound = async (name: string) => (await when(name, 'bound', (pod) => pod.spec.nodeName)).spec.nodeName ?? '';
const zoneOf = async (name: string) => zones[(await bound(name)) as keyof typeof zones];
const refusalOf = ({ status }: Pod) => status.conditions?.find(({ type }) => type === 'PodScheduled');
const refused = (name: string, message: string) => when(name, 'refused', (pod) => refusalOf(pod)?.message === message);
const remove = (...names: string[]) =>
  Promise.all(
    names.map((name) => server.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 0 })),
  );

/** The sum of a metric's series that have these labels. */
async function metric(name: string, labels = ''): Promise<number> {
  const text = await server.kubectl('get', '--raw', '/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
const tries = () => metric('scheduler_schedule_attempts_total');

const apart = (app: string, topologyKey: string): Partial<Pod['spec']> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app } } }],
    },
  },
});
const near = (app: string, topologyKey: string): Partial<Pod['spec']> => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app } } }],
    },
  },
});

test('pods keep together and apart by zone, and a pod waits for the one that it wants to be near to', async () => {
  await create('follower', near('leader', 'zone'));
  await refused(
    'follower',
    "0/3 nodes are available: 3 node(s) didn't match pod affinity rules. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  );
  await create('leader', { nodeSelector: { zone: 'west' } }, { app: 'leader' });
  assert.equal(await zoneOf('leader'), 'west');
  assert.equal(await zoneOf('follower'), 'west');
  await create('loner', apart('leader', 'zone'));
  assert.equal(await zoneOf('loner'), 'east');
  await remove('leader', 'follower', 'loner');
});

test('one pod of a sort on each host: the fourth of three waits until one has gone', async () => {
  const names = ['a1', 'a2', 'a3', 'a4'];
  for (const name of names) await create(name, apart('a', 'kubernetes.io/hostname'), { app: 'a' });
  const hosts = await Promise.all(names.slice(0, 3).map(bound));
  assert.equal(new Set(hosts).size, 3);
  const message =
    "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.";
  await refused('a4', message);
  const [before, host] = [await tries(), await bound('a2')];
  await create('unrelated');
  await bound('unrelated');
  await remove('a2');
  assert.equal(await bound('a4'), host);
  assert.equal((await tries()) - before, 2, 'the unrelated pod, and one more try');
  await remove('a1', 'a3', 'a4', 'unrelated');
});

test('replicas are spread evenly over zones though one has more nodes', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `spread-${index}`);
  const labels = { app: 'spread', version: '1' };
  const constraint = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' as const };
  const selector = { labelSelector: { matchLabels: { app: 'spread' } }, matchLabelKeys: ['version'] };
  const spread = { topologySpreadConstraints: [{ ...constraint, ...selector }] };
  await create('older', { nodeSelector: { zone: 'west' } }, { app: 'spread', version: '0' });
  await bound('older');
  await Promise.all(names.map((name) => create(name, spread, labels)));
  const found = await Promise.all(names.map(zoneOf));
  assert.equal(found.filter((zone) => zone === 'west').length, 4);
  await remove('older', ...names);
});

test('replicas that say nothing are spread over the hosts all the same, be one fuller', async () => {
  await create('heavy', {}, {}, '2');
  await bound('heavy');
  const template = { metadata: { labels: { app: 'plain' } }, spec: { containers: [{ name: 'main', image }] } };
  await server.client.create(replicaSets, {
    metadata: { name: 'plain', namespace: 'default' },
    spec: { replicas: 6, selector: { matchLabels: { app: 'plain' } }, template },
  });
  const all = await server.when('replicas bound', pods, (present) => {
    const plain = present.filter(({ metadata }) => metadata.labels?.app === 'plain');
    return plain.length === 6 && plain.every(({ spec }) => spec.nodeName) && plain;
  });
  const counts = Map.groupBy(all, ({ spec }) => spec.nodeName);
  assert.deepEqual(
    [...counts.values()].map(({ length }) => length),
    [2, 2, 2],
  );
  await remove('heavy');
  await server.client.delete(replicaSets, { namespace: 'default', name: 'plain' });
  await server.when('gone', pods, (present) => !present.some(({ metadata }) => metadata.labels?.app === 'plain'));
});

test('a gated pod waits without being tried, and is bound when its gates are taken away', async () => {
  const before = await tries();
  const gated = await create('gated', {
    schedulingGates: [{ name: 'example.com/quota' }, { name: 'example.com/size' }],
  });
  assert.equal(refusalOf(gated)?.reason, 'SchedulingGated');
  await create('marker');
  await bound('marker');
  assert.equal(await metric('scheduler_pending_pods', 'queue="gated"'), 1);
  assert.equal((await tries()) - before, 1, 'the marker alone');
  const gates = (schedulingGates: object[] | null) =>
    server.client.patch(pods, { namespace: 'default', name: 'gated' }, { spec: { schedulingGates } });
  await gates([{ name: 'example.com/size' }]);
  await remove('marker');
  assert.equal((await server.client.get(pods, { namespace: 'default', name: 'gated' })).spec.nodeName, undefined);
  await gates([]);
  await bound('gated');
  assert.equal(await metric('scheduler_pending_pods', 'queue="gated"'), 0);
  await remove('gated');
});

test('pods of another scheduler are left alone', async () => {
  await create('foreign', { schedulerName: 'mine' });
  await create('ours');
  await bound('ours');
  const { spec, status } = await server.client.get(pods, { namespace: 'default', name: 'foreign' });
  assert.equal(spec.nodeName, undefined);
  assert.equal(status.conditions, undefined);
  await remove('foreign', 'ours');
});

test('a refused pod is tried again when what refused it may be cured, and by nothing else', async () => {
  await create('picky', { nodeSelector: { disk: 'ssd' } });
  const message =
    "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
  await refused('picky', message);
  assert.equal(await metric('scheduler_unschedulable_pods', 'plugin="NodeAffinity"'), 1);
  const before = await tries();
  await create('other', {}, {}, '3');
  await bound('other');
  await remove('other');
  await server.client.patch(nodes, { name: 'one' }, { metadata: { labels: { disk: 'hdd' } } });
  await create('marker');
  await bound('marker');
  assert.equal((await tries()) - before, 2, 'the two other pods');
  await server.client.patch(nodes, { name: 'three' }, { metadata: { labels: { disk: 'ssd' } } });
  assert.equal(await bound('picky'), 'three');
  assert.equal((await tries()) - before, 3);
  const told = await server.when('refusal told', events, (all) =>
    all.find(({ reason, involvedObject }) => reason === 'FailedScheduling' && involvedObject.name === 'picky'),
  );
  assert.equal(told.message, message);
  assert.equal(told.count, 1);
  await remove('picky', 'marker');
});

test('a pod that is shrunk where it runs makes room for another', async () => {
  const shrinking = ['one', 'two', 'three'].map((name) => `large-${name}`);
  for (const name of ['one', 'two', 'three'])
    await create(`large-${name}`, { nodeSelector: { 'kubernetes.io/hostname': name } }, {}, '3');
  await Promise.all(shrinking.map(bound));
  await create('waiting', {}, {}, '2');
  await refused(
    'waiting',
    '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
  );
  const resources = { requests: { cpu: '1' } };
  const patch = { spec: { containers: [{ name: 'main', resources }] } };
  const options = { type: 'strategic', subresource: 'resize' } as const;
  await server.client.patch(pods, { namespace: 'default', name: 'large-two' }, patch, options);
  assert.equal(await bound('waiting'), 'two');
  await remove('waiting', ...shrinking);
});
