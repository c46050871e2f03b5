// Quotas and limits on a real server: however many write at once, there is never more than allowed and nothing is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { limitRanges } from '../../src/api/kinds/limit-range.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { type ResourceQuota, resourceQuotas } from '../../src/api/kinds/resource-quota.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import { services } from '../../src/api/kinds/service.ts';
import type { Client } from '../../src/client/client.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let client: Client;
before(async () => {
  server = await TestServer.open();
  client = server.client;
});
after(() => server?.close());

async function quotaIn(namespace: string, spec: ResourceQuota['spec']): Promise<void> {
  await client.create(namespaces, { metadata: { name: namespace } });
  await client.create(resourceQuotas, { metadata: { name: 'all', namespace }, spec });
  await used(namespace, 'counted', () => true);
}

function used(
  namespace: string,
  what: string,
  holds: (used: Record<string, string | number>) => boolean,
): Promise<unknown> {
  return server.when(what, resourceQuotas, (all) =>
    all.some(({ metadata, status }) => metadata.namespace === namespace && status.used && holds(status.used)),
  );
}

const containers = [{ name: 'main', image: 'nginx', resources: { requests: { cpu: '100m' } } }];

function podIn(namespace: string, name: string): Promise<unknown> {
  // Left alone by the scheduler.
  return client.create(pods, { metadata: { name, namespace }, spec: { containers, schedulerName: 'nobody' } });
}

async function outcomes(writes: Promise<unknown>[]): Promise<{ done: number; refusals: string[] }> {
  const settled = await Promise.allSettled(writes);
  const refusals = settled.flatMap((each) => (each.status === 'rejected' ? [String(each.reason.message)] : []));
  return { done: settled.length - refusals.length, refusals };
}

test('fifty who create at once get exactly what the quota allows', async () => {
  const namespace = 'crowd';
  await quotaIn(namespace, { hard: { pods: '20', 'requests.cpu': '10', 'count/secrets': '10' } });
  const fifty = Array.from({ length: 50 }, (_, index) => `one-${index}`);
  const [ofPods, ofSecrets] = await Promise.all([
    outcomes(fifty.map((name) => podIn(namespace, name))),
    outcomes(fifty.map((name) => client.create(secrets, { metadata: { name, namespace } }))),
  ]);
  assert.deepEqual([ofPods.done, ofSecrets.done], [20, 10]);
  assert.equal((await client.list(pods, { namespace })).items.length, 20);
  assert.equal((await client.list(secrets, { namespace })).items.length, 10);
  for (const refusal of ofPods.refusals) {
    assert.match(refusal, /exceeded quota: all, requested: pods=1, used: pods=20, limited: pods=20$/);
  }
  const quota = await client.get(resourceQuotas, { namespace, name: 'all' });
  assert.deepEqual(quota.status.used, { pods: '20', 'requests.cpu': '2', 'count/secrets': '10' });
});

test('what is deleted or has ended makes room', async () => {
  const namespace = 'turnover';
  await quotaIn(namespace, { hard: { pods: '2' } });
  await podIn(namespace, 'a');
  await podIn(namespace, 'b');
  await assert.rejects(podIn(namespace, 'c'), /exceeded quota/);
  await client.delete(pods, { namespace, name: 'a' });
  await used(namespace, 'one is gone', ({ pods }) => pods === '1');
  const ended = await client.get(pods, { namespace, name: 'b' });
  await client.update(pods, { ...ended, status: { ...ended.status, phase: 'Succeeded' } }, 'status');
  await used(namespace, 'one has ended', ({ pods }) => pods === '0');
  await podIn(namespace, 'c');
  await podIn(namespace, 'd');
});

test('a pod that nobody ends makes room when it should have ended', async () => {
  const namespace = 'lost';
  await quotaIn(namespace, { hard: { pods: '1' } });
  const metadata = { name: 'stuck', namespace };
  await client.create(pods, { metadata, spec: { containers, nodeName: 'silent' } });
  await client.delete(pods, metadata, { gracePeriodSeconds: 1 });
  await assert.rejects(podIn(namespace, 'next'), /exceeded quota/);
  await used(namespace, 'it is overdue', ({ pods }) => pods === '0');
  assert.ok((await client.get(pods, metadata)).metadata.deletionTimestamp, 'it is still there');
  await podIn(namespace, 'next');
});

test('names that are taken and dry runs use nothing up', async () => {
  const namespace = 'careful';
  await quotaIn(namespace, { hard: { 'count/secrets': '3' } });
  await client.create(secrets, { metadata: { name: 'once', namespace } });
  const again = await outcomes(
    Array.from({ length: 10 }, () => client.create(secrets, { metadata: { name: 'twice', namespace } })),
  );
  assert.equal(again.done, 1);
  const quota = await client.get(resourceQuotas, { namespace, name: 'all' });
  assert.deepEqual(quota.status.used, { 'count/secrets': '2' });
});

test('a service that is given node ports needs room for them', async () => {
  const namespace = 'ports';
  await quotaIn(namespace, { hard: { 'services.nodeports': '1', services: '2' } });
  const spec = {
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  };
  await client.create(services, { metadata: { name: 'inner', namespace }, spec });
  await assert.rejects(
    client.patch(services, { namespace, name: 'inner' }, { spec: { type: 'NodePort' } }),
    /exceeded quota: all, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1/,
  );
});

test('scopes pick the pods that a quota is about', async () => {
  const namespace = 'scoped';
  await quotaIn(namespace, { hard: { pods: '0' }, scopes: ['BestEffort'] });
  await podIn(namespace, 'burstable');
  const bestEffort = [{ name: 'main', image: 'nginx' }];
  await assert.rejects(
    client.create(pods, { metadata: { name: 'best-effort', namespace }, spec: { containers: bestEffort } }),
    /exceeded quota: all/,
  );
});

test('limit ranges give what is not said and refuse what is too much', async () => {
  const namespace = 'limited';
  await client.create(namespaces, { metadata: { name: namespace } });
  await client.create(limitRanges, {
    metadata: { name: 'limits', namespace },
    spec: {
      limits: [
        { type: 'Container', max: { memory: '1Gi' }, default: { memory: '256Mi' }, defaultRequest: { memory: '64Mi' } },
        { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
      ],
    },
  });
  const main = { name: 'main', image: 'nginx' };
  const given = await client.create(pods, { metadata: { name: 'given', namespace }, spec: { containers: [main] } });
  assert.deepEqual(given.spec.containers[0]?.resources, { requests: { memory: '64Mi' }, limits: { memory: '256Mi' } });
  assert.equal(given.status.qosClass, 'Burstable');
  assert.equal(
    given.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: memory request for container main; memory limit for container main',
  );
  const greedy = [{ ...main, resources: { limits: { memory: '2Gi' } } }];
  await assert.rejects(
    client.create(pods, { metadata: { name: 'greedy', namespace }, spec: { containers: greedy } }),
    /is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi/,
  );
  await assert.rejects(
    client.create(persistentVolumeClaims, {
      metadata: { name: 'greedy', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
    }),
    /maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 5Gi/,
  );
});

test('a claim stays while a pod uses it', async () => {
  const namespace = 'default';
  const metadata = { name: 'used', namespace };
  await client.create(persistentVolumeClaims, {
    metadata,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'used' } }];
  await client.create(pods, { metadata, spec: { containers, volumes, schedulerName: 'nobody' } });
  await client.delete(persistentVolumeClaims, metadata);
  assert.ok((await client.get(persistentVolumeClaims, metadata)).metadata.deletionTimestamp);
  await client.delete(pods, metadata);
  await server.when('the claim is gone', persistentVolumeClaims, (all) => all.length === 0);
});
