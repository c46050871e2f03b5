// Preemption on a real server: less important pods go for more important ones, by budgets and with their grace; who made
// room for whom is told, and nobody takes the room meanwhile.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { events } from '../../src/api/kinds/event.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { podDisruptionBudgets } from '../../src/api/kinds/pod-disruption-budget.ts';
import { priorityClasses } from '../../src/api/kinds/priority-class.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { cpu: '2', endAfterMs: 300 });
  await agents.start('one');
  for (const [name, value] of [
    ['high', 1000],
    ['higher', 2000],
    ['low', -10],
  ] as const)
    await server.client.create(priorityClasses, { metadata: { name }, value });
  await server.client.create(priorityClasses, { metadata: { name: 'meek' }, value: 1000, preemptionPolicy: 'Never' });
});
after(async () => {
  agents?.stop();
  await server?.close();
});

function create(name: string, cpu: string, spec: Partial<Pod['spec']> = {}, labels: Record<string, string> = {}) {
  return server.client.create(pods, {
    metadata: { name, namespace: 'default', labels },
    spec: { containers: [{ name: 'main', image: 'nginx', resources: { requests: { cpu } } }], ...spec },
  });
}

function when(name: string, what: string, ask: (pod: Pod) => unknown): Promise<Pod> {
  return server.when(`${name} ${what}`, pods, (all) =>
    all.find((pod) => pod.metadata.name === name && Boolean(ask(pod))),
  );
}

const running = (name: string) => when(name, 'runs', (pod) => pod.status.phase === 'Running');
const conditionOf = ({ status }: Pod, wanted: string) => status.conditions?.find(({ type }) => type === wanted);
const clean = async (...names: string[]) => {
  for (const name of names) await server.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
  await server.when('gone', pods, (all) => !all.some(({ metadata }) => names.includes(metadata.name)));
};

test('a more important pod takes the place of a lesser one, which is told why and ends by itself', async () => {
  const victim = await create('victim', '1500m');
  await running('victim');
  const preemptor = await create('preemptor', '1500m', { priorityClassName: 'high' });
  const promised = await when('preemptor', 'promised', (pod) => pod.status.nominatedNodeName);
  assert.equal(promised.status.nominatedNodeName, 'one');
  const refusal = conditionOf(promised, 'PodScheduled');
  assert.equal(refusal?.reason, 'Unschedulable');
  assert.equal(refusal?.message, '0/1 nodes are available: 1 Insufficient cpu.');
  const told = await when(
    'victim',
    'told',
    (pod) => conditionOf(pod, 'DisruptionTarget') && pod.metadata.deletionTimestamp && pod,
  );
  const target = conditionOf(told, 'DisruptionTarget');
  assert.equal(target?.reason, 'PreemptionByScheduler');
  assert.equal(target?.message, 'default-scheduler: preempting to accommodate a higher priority pod');
  assert.equal(told.metadata.deletionGracePeriodSeconds, 30);
  const bound = await when('preemptor', 'bound', (pod) => pod.spec.nodeName);
  assert.equal(bound.spec.nodeName, 'one');
  await server.when('the event', events, (all) =>
    all.some(
      ({ reason, message, involvedObject }) =>
        reason === 'Preempted' &&
        involvedObject.uid === victim.metadata.uid &&
        message === `Preempted by pod ${preemptor.metadata.uid} on node one`,
    ),
  );
  await clean('preemptor');
});

test('while room is made, a lesser pod does not slip in, and a more important one does', async () => {
  await create('first', '2');
  await running('first');
  // It goes when all are there, and not before.
  agents.silence('one');
  await create('waits', '1500m', { priorityClassName: 'high' });
  await when('waits', 'promised', (pod) => pod.status.nominatedNodeName === 'one');
  await create('sneaks', '1500m');
  await when('sneaks', 'refused', (pod) => conditionOf(pod, 'PodScheduled')?.status === 'False');
  await create('overtakes', '1500m', { priorityClassName: 'higher' });
  await when('overtakes', 'promised', (pod) => pod.status.nominatedNodeName === 'one');
  await when('waits', 'promised no more', (pod) => !pod.status.nominatedNodeName);
  await clean('first');
  await when('overtakes', 'bound', (pod) => pod.spec.nodeName);
  await clean('overtakes');
  await when('waits', 'bound', (pod) => pod.spec.nodeName);
  const { spec } = await server.client.get(pods, { namespace: 'default', name: 'sneaks' });
  assert.equal(spec.nodeName, undefined);
  await clean('waits', 'sneaks');
  await agents.reportReady('one');
});

test('who may not preempt waits, and says so', async () => {
  await create('first', '2');
  await running('first');
  await create('meek', '1', { priorityClassName: 'meek' });
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.';
  await when('meek', 'refused', (pod) => conditionOf(pod, 'PodScheduled')?.message === message);
  await create('equal', '1');
  const nobody =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
  await when('equal', 'refused', (pod) => conditionOf(pod, 'PodScheduled')?.message === nobody);
  await clean('first');
  await when('meek', 'bound', (pod) => pod.spec.nodeName);
  await when('equal', 'bound', (pod) => pod.spec.nodeName);
  await clean('meek', 'equal');
});

test('a budget sends the preemption to the node where nobody is protected', async () => {
  await agents.join('two');
  await create('kept', '2', {}, { app: 'kept' });
  const on = (await running('kept')).spec.nodeName;
  await create('free', '2', {}, { app: 'free' });
  await running('free');
  await server.client.create(podDisruptionBudgets, {
    metadata: { name: 'kept', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'kept' } } },
  });
  await server.when('the budget counts', podDisruptionBudgets, (all) =>
    all.some(({ status }) => status.currentHealthy === 1 && status.disruptionsAllowed === 0),
  );
  await create('needs', '1', { priorityClassName: 'high' });
  const bound = await when('needs', 'bound', (pod) => pod.spec.nodeName);
  assert.notEqual(bound.spec.nodeName, on);
  await clean('needs', 'kept');
});

test('what was promised to a pod that is deleted is for others', async () => {
  await server.client.patch(nodes, { name: 'two' }, { spec: { unschedulable: true } });
  await create('long', '1500m');
  await running('long');
  agents.silence('one');
  await create('gives-up', '1900m', { priorityClassName: 'high' });
  await when('gives-up', 'promised', (pod) => pod.status.nominatedNodeName === 'one');
  await create('small', '400m');
  await when('small', 'refused', (pod) => conditionOf(pod, 'PodScheduled')?.status === 'False');
  await server.client.delete(pods, { namespace: 'default', name: 'gives-up' });
  await when('small', 'bound', (pod) => pod.spec.nodeName === 'one');
  await clean('long', 'small');
  await agents.reportReady('one');
});

test('a promise outlives the server that made it: nobody else has to go', async () => {
  const onTwo = { nodeSelector: { 'kubernetes.io/hostname': 'two' }, tolerations: [{ operator: 'Exists' as const }] };
  await create('bystander', '2', { ...onTwo, priorityClassName: 'low' });
  await running('bystander');
  await create('stays', '2');
  await running('stays');
  agents.silence('one');
  await create('patient', '2', { priorityClassName: 'high' });
  await when('patient', 'promised', (pod) => pod.status.nominatedNodeName === 'one');
  await server.client.patch(nodes, { name: 'two' }, { spec: { unschedulable: false } });
  await server.when('two is open', nodes, (all) =>
    all.some(({ metadata, spec }) => metadata.name === 'two' && !spec.taints?.length),
  );
  await server.kill();
  await server.start();
  await server.client.delete(pods, { namespace: 'default', name: 'stays' }, { gracePeriodSeconds: 0 });
  await when('patient', 'bound', (pod) => pod.spec.nodeName === 'one');
  const { metadata } = await server.client.get(pods, { namespace: 'default', name: 'bystander' });
  assert.equal(metadata.deletionTimestamp, undefined);
  await clean('patient', 'bystander');
});
