// Evictions on a real server: what a budget allows goes, and not one pod more.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { podDisruptionBudgets } from '../../src/api/kinds/pod-disruption-budget.ts';
import { StatusError } from '../../src/api/status.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

const namespace = 'default';
let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { endAfterMs: 5_000 });
  await agents.start('one');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

async function deploy(name: string, replicas: number): Promise<Pod[]> {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'nginx' }] } };
  await server.client.create(deployments, {
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template },
  });
  return server.when(`${name} up`, pods, (all) => {
    const up = all.filter(({ metadata, status }) => metadata.labels?.app === name && status.phase === 'Running');
    return up.length === replicas && up;
  });
}

async function protect(name: string, app: string, spec: object): Promise<void> {
  const selector = { matchLabels: { app } };
  await server.client.create(podDisruptionBudgets, { metadata: { name, namespace }, spec: { ...spec, selector } });
  await server.when(`${name} counted`, podDisruptionBudgets, (all) =>
    all.some(
      ({ metadata, status }) => metadata.name === name && status.observedGeneration === 1 && status.currentHealthy > 0,
    ),
  );
}

function evict(name: string, deleteOptions: object = {}): Promise<unknown> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions };
  return server.client.createThrough(pods, { namespace, name }, 'eviction', body);
}

const isTooMany = (error: unknown) =>
  error instanceof StatusError && error.code === 429 && error.details?.causes?.[0]?.reason === 'DisruptionBudget';

test('of many evictions at once a budget lets through what it allows', async () => {
  const up = await deploy('crowd', 6);
  await protect('crowd', 'crowd', { maxUnavailable: '30%' });
  const { status } = await server.when('all six healthy', podDisruptionBudgets, (all) =>
    all.find((budget) => budget.metadata.name === 'crowd' && budget.status.currentHealthy === 6),
  );
  assert.deepEqual([status.expectedPods, status.desiredHealthy, status.disruptionsAllowed], [6, 4, 2]);
  const outcomes = await Promise.allSettled(up.map(({ metadata }) => evict(metadata.name)));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
  assert.equal(refused.length, 4);
  for (const error of refused) assert.ok(isTooMany(error), String(error));
  const { items } = await server.client.list(pods, { namespace, labelSelector: 'app=crowd' });
  const evicted = items.filter(({ metadata }) => metadata.deletionTimestamp);
  assert.equal(evicted.length, 2);
  for (const { status } of evicted) {
    assert.ok(
      status.conditions?.some(({ type, reason }) => type === 'DisruptionTarget' && reason === 'EvictionByEvictionAPI'),
    );
  }
  await server.when('room again', podDisruptionBudgets, (all) =>
    all.some(({ metadata, status }) => metadata.name === 'crowd' && status.disruptionsAllowed === 2),
  );
});

test('a dry run is judged and takes nothing', async () => {
  const [first] = await deploy('dry', 1);
  assert.ok(first);
  await protect('dry', 'dry', { minAvailable: 1 });
  await assert.rejects(evict(first.metadata.name, { dryRun: ['All'] }), isTooMany);
  await server.client.patch(podDisruptionBudgets, { namespace, name: 'dry' }, { spec: { minAvailable: 0 } });
  await server.when('one may go', podDisruptionBudgets, (all) =>
    all.some(({ metadata, status }) => metadata.name === 'dry' && status.disruptionsAllowed === 1),
  );
  await evict(first.metadata.name, { dryRun: ['All'] });
  const left = await server.client.get(pods, first.metadata);
  assert.equal(left.metadata.deletionTimestamp, undefined);
  const { status } = await server.client.get(podDisruptionBudgets, { namespace, name: 'dry' });
  assert.deepEqual([status.disruptionsAllowed, status.disruptedPods], [1, undefined]);
});

test('an eviction keeps to what the client saw, and to one budget', async () => {
  const [first] = await deploy('picky', 1);
  assert.ok(first);
  const { name } = first.metadata;
  await assert.rejects(evict(name, { preconditions: { uid: 'another' } }), { code: 409 });
  await assert.rejects(evict('nobody'), { code: 404 });
  await protect('picky-one', 'picky', { minAvailable: 0 });
  await protect('picky-two', 'picky', { minAvailable: 0 });
  await assert.rejects(evict(name), /more than one PodDisruptionBudget/);
  await server.client.delete(podDisruptionBudgets, { namespace, name: 'picky-two' });
  await evict(name);
});

test('what has not begun may always go', async () => {
  const labels = { app: 'pending' };
  const spec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'nginx' }] };
  await server.client.create(pods, { metadata: { name: 'pending', namespace, labels }, spec });
  await server.client.create(podDisruptionBudgets, {
    metadata: { name: 'pending', namespace },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  });
  await evict('pending');
  await server.when('gone', pods, (all) => !all.some(({ metadata }) => metadata.name === 'pending'));
});

test('in a namespace that ends nobody is evicted: who drains a node is told so', async () => {
  const spec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'nginx' }] };
  await server.client.create(namespaces, { metadata: { name: 'ending' } });
  const finalizers = ['example.com/keep'];
  await server.client.create(pods, { metadata: { name: 'kept', namespace: 'ending', finalizers }, spec });
  await server.client.delete(namespaces, { name: 'ending' });
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'kept' } };
  await assert.rejects(
    server.client.createThrough(pods, { namespace: 'ending', name: 'kept' }, 'eviction', body),
    (error) =>
      error instanceof StatusError &&
      error.code === 403 &&
      error.details?.causes?.[0]?.reason === 'NamespaceTerminating',
  );
});
