// What goes with what, on a real server: namespaces with their content, dependents with their owners.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clusterSettingsRef } from '../../src/api/cluster-settings.ts';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { events } from '../../src/api/kinds/event.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { priorityClasses } from '../../src/api/kinds/priority-class.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import { services } from '../../src/api/kinds/service.ts';
import { serviceAccounts } from '../../src/api/kinds/service-account.ts';
import type { KubeObject } from '../../src/api/meta.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { endAfterMs: 200 });
  await agents.start('one');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

async function createDeployment(namespace: string, name: string, replicas = 3): Promise<void> {
  await server.client.create(deployments, {
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } },
    },
  });
  await server.when(`${name} up`, deployments, (all) =>
    all.some(({ metadata, status }) => metadata.name === name && status.availableReplicas === replicas),
  );
}

const named = (name: string) => (object: KubeObject) =>
  object.metadata.labels?.app === name || object.metadata.name === name;

test('a namespace goes with everything in it', async () => {
  await server.client.create(namespaces, { metadata: { name: 'doomed' } });
  await server.when('account', serviceAccounts, (all) => all.some(({ metadata }) => metadata.namespace === 'doomed'));
  await createDeployment('doomed', 'web', 5);
  const metadata = { namespace: 'doomed', name: 'web' };
  await server.client.create(services, { metadata, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await server.client.create(configMaps, { metadata });
  await server.client.create(secrets, { metadata });
  await server.kubectl('delete', 'namespace', 'doomed', '--timeout=15s');
  for (const kind of [
    'pods',
    'replicasets',
    'deployments',
    'endpointslices',
    'endpoints',
    'serviceaccounts',
    'events',
  ]) {
    assert.match(await server.kubectl('get', kind, '-n', 'doomed', '-o', 'name'), /^$/, kind);
  }
});

test('what holds a namespace up stands in its conditions', async () => {
  await server.client.create(namespaces, { metadata: { name: 'held' } });
  const metadata = { namespace: 'held', name: 'keeper', finalizers: ['example.com/keep'] };
  await server.client.create(configMaps, { metadata });
  await server.client.delete(namespaces, { name: 'held' });
  const held = await server.when('conditions', namespaces, (all) =>
    all.find(({ metadata: { name }, status }) => name === 'held' && status.conditions),
  );
  const messages = Object.fromEntries((held.status.conditions ?? []).map(({ type, message }) => [type, message]));
  assert.equal(
    messages.NamespaceContentRemaining,
    'Some resources are remaining: configmaps. has 1 resource instances',
  );
  assert.match(messages.NamespaceFinalizersRemaining ?? '', /example\.com\/keep in 1 resource instances$/);
  await server.client.patch(configMaps, { namespace: 'held', name: 'keeper' }, { metadata: { finalizers: null } });
  await server.when('gone', namespaces, (all) => !all.some(({ metadata: { name } }) => name === 'held'));
});

test('a default account comes back', async () => {
  const ref = { namespace: 'default', name: 'default' };
  const first = await server.client.get(serviceAccounts, ref);
  await server.client.delete(serviceAccounts, ref);
  await server.when('another one', serviceAccounts, (all) =>
    all.some(({ metadata }) => metadata.namespace === 'default' && metadata.uid !== first.metadata.uid),
  );
});

test('dependents go after their owner, all the way down', async () => {
  await createDeployment('default', 'background');
  await server.kubectl('delete', 'deployment', 'background');
  await server.when('no pods', pods, (all) => !all.some(named('background')));
  assert.equal((await server.list(replicaSets)).some(named('background')), false);
});

test('in the foreground the owner goes last', async () => {
  await createDeployment('default', 'foreground');
  const order: string[] = [];
  for (const kind of [deployments, replicaSets, pods]) {
    (await server.informer<KubeObject>(kind as never)).onChange(({ object, previous }) => {
      if (!object && previous && named('foreground')(previous)) order.push(previous.kind);
    });
  }
  await server.kubectl('delete', 'deployment', 'foreground', '--cascade=foreground', '--timeout=15s');
  await server.when('gone', deployments, (all) => !all.some(named('foreground')));
  assert.deepEqual(order, ['Pod', 'Pod', 'Pod', 'ReplicaSet', 'Deployment']);
});

test('an owner that waits for what it owns goes at once when it is told to', async () => {
  const create = (name: string, more: object = {}) =>
    server.client.create(configMaps, { metadata: { name, namespace: 'default', ...more } });
  const { apiVersion, kind, metadata } = await create('impatient');
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', blockOwnerDeletion: true };
  const held = await create('held', { finalizers: ['example.com/hold'], ownerReferences: [owner] });
  await server.kubectl('delete', 'configmap', 'impatient', '--cascade=foreground', '--wait=false');
  await server.when('waiting', configMaps, (all) =>
    all.some(({ metadata: { name, deletionTimestamp } }) => name === 'held' && deletionTimestamp !== undefined),
  );
  await server.kubectl('delete', 'configmap', 'impatient', '--cascade=background', '--timeout=15s');
  await server.client.patch(configMaps, held.metadata, { metadata: { finalizers: null } });
});

test('orphans stay, and are adopted again', async () => {
  await createDeployment('default', 'orphan');
  const uids = async () =>
    (await server.list(pods))
      .filter(named('orphan'))
      .map(({ metadata }) => metadata.uid)
      .sort();
  const before = await uids();
  await server.kubectl('delete', 'deployment', 'orphan', '--cascade=orphan');
  await server.when('without an owner', replicaSets, (all) =>
    all.some((set) => named('orphan')(set) && (set.metadata.ownerReferences ?? []).length === 0),
  );
  await createDeployment('default', 'orphan');
  await server.when('adopted', replicaSets, (all) =>
    all.some((set) => named('orphan')(set) && set.metadata.ownerReferences?.[0]?.kind === 'Deployment'),
  );
  assert.deepEqual(await uids(), before);
});

test('owners that wait for each other do not wait for ever', async () => {
  const create = (name: string) => server.client.create(configMaps, { metadata: { name, namespace: 'default' } });
  const [one, two] = [await create('circle-one'), await create('circle-two')];
  const own = (object: typeof one, owner: typeof one) =>
    server.client.patch(configMaps, object.metadata, {
      metadata: {
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            name: owner.metadata.name,
            uid: owner.metadata.uid,
            blockOwnerDeletion: true,
          },
        ],
      },
    });
  await own(one, two);
  await own(two, one);
  await server.client.delete(configMaps, one.metadata, { propagationPolicy: 'Foreground' });
  await server.when('both gone', configMaps, (all) => !all.some(({ metadata }) => metadata.name.startsWith('circle-')));
});

test('owners of another namespace own nothing, and who names one is told', async () => {
  await server.client.create(namespaces, { metadata: { name: 'elsewhere' } });
  const { metadata } = await server.client.create(configMaps, { metadata: { name: 'far', namespace: 'elsewhere' } });
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'far', uid: metadata.uid ?? '' };
  await server.client.create(configMaps, {
    metadata: { name: 'reaching', namespace: 'default', ownerReferences: [owner] },
  });
  await server.when('the dependent is gone', configMaps, (all) => !all.some(named('reaching')));
  await server.when('the event', events, (all) =>
    all.some(({ reason, message }) => reason === 'OwnerRefInvalidNamespace' && message?.includes('name: far')),
  );
  assert.ok(await server.client.get(configMaps, metadata));
});

test('what every cluster has comes back', async () => {
  const ref = { namespace: 'default', name: 'kubernetes' };
  const service = await server.client.get(services, ref);
  await server.client.delete(services, ref);
  await server.client.patch(configMaps, clusterSettingsRef, { data: { serviceCidr: '10.0.0.0/8' } });
  await server.client.delete(configMaps, { namespace: 'kube-public', name: 'cluster-info' });
  const again = await server.when('another service', services, (all) =>
    all.find(({ metadata }) => metadata.name === 'kubernetes' && metadata.uid !== service.metadata.uid),
  );
  assert.equal(again.spec.clusterIP, service.spec.clusterIP);
  await server.when('the settings', configMaps, (all) =>
    all.some(({ metadata, data }) => metadata.name === clusterSettingsRef.name && data?.serviceCidr !== '10.0.0.0/8'),
  );
  await server.when('the way in', configMaps, (all) => all.some(({ metadata }) => metadata.name === 'cluster-info'));
  await assert.rejects(server.client.delete(priorityClasses, { name: 'system-node-critical' }), { code: 403 });
});
