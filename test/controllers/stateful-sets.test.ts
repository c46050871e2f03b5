// Stateful sets on a real server, pods played: names, order, claims and updates, at every moment and over a crash.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { controllerRevisions } from '../../src/api/kinds/controller-revision.ts';
import { events } from '../../src/api/kinds/event.ts';
import { persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { type StatefulSet, statefulSets } from '../../src/api/kinds/stateful-set.ts';
import { isBeingDeleted } from '../../src/api/meta.ts';
import { podTemplateHash } from '../../src/api/pod-template-hash.ts';
import { auditPods } from './pod-audit.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, {
    isBroken: ({ spec }) => spec.containers.some(({ image }) => image === 'broken'),
  });
  await agents.start('one', 'two');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';
const template = (name: string, image: string) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image }] },
});

function create(name: string, spec: Partial<StatefulSet['spec']> = {}): Promise<StatefulSet> {
  return server.client.create(statefulSets, {
    metadata: { name, namespace },
    spec: {
      replicas: 3,
      serviceName: name,
      selector: { matchLabels: { app: name } },
      template: template(name, 'nginx:1'),
      ...spec,
    },
  });
}

const change = (name: string, spec: object) => server.client.patch(statefulSets, { name, namespace }, { spec });

const isOf = (name: string) => (object: Pod | { metadata: Pod['metadata'] }) => object.metadata.labels?.app === name;
const ordinalOf = ({ metadata }: Pod) => Number(metadata.name.split('-').at(-1));
const imageOf = ({ spec }: Pod) => spec.containers[0]?.image;

/** All of the present spec is there and ready, and nothing else. */
function complete(name: string): Promise<StatefulSet> {
  return server.when(`${name} complete`, statefulSets, (all) =>
    all.find(({ metadata, spec, status }) => {
      const wanted = spec.replicas ?? 1;
      return (
        metadata.name === name &&
        status.observedGeneration === metadata.generation &&
        status.replicas === wanted &&
        (status.availableReplicas ?? 0) === wanted &&
        (status.updatedReplicas ?? 0) === wanted &&
        status.currentRevision === status.updateRevision
      );
    }),
  );
}

const audit = (name: string, judge: (own: Pod[]) => string | undefined) => auditPods(server, isOf(name), judge);

const isUp = (pod: Pod) => isPodReady(pod) && !isBeingDeleted(pod);

test('pods come up one after the other, each with its name, its claim and its labels, and go the other way', async () => {
  const faults = await audit('db', (own) => {
    const down = own.filter((pod) => !isUp(pod));
    const names = own.map(({ metadata }) => metadata.name).sort();
    const isGapless = names.every((each, index) => each === `db-${index}`);
    return down.length > 1 || !isGapless ? `${down.length} down of ${names}` : undefined;
  });
  await create('db', {
    volumeClaimTemplates: [
      {
        metadata: { name: 'data', labels: { tier: 'db' } },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
  });
  const { status } = await complete('db');
  const own = (await server.list(pods)).filter(isOf('db'));
  for (const pod of own) {
    const { name, labels } = pod.metadata;
    assert.equal(pod.spec.hostname, name);
    assert.equal(pod.spec.subdomain, 'db');
    assert.equal(labels?.['statefulset.kubernetes.io/pod-name'], name);
    assert.equal(labels?.['apps.kubernetes.io/pod-index'], String(ordinalOf(pod)));
    assert.equal(labels?.['controller-revision-hash'], status.updateRevision);
    const volume = pod.spec.volumes?.find((each) => each.name === 'data');
    assert.equal(volume?.persistentVolumeClaim?.claimName, `data-${name}`);
  }
  const { collisionCount, currentReplicas, readyReplicas } = status;
  assert.deepEqual(
    { collisionCount, currentReplicas, readyReplicas },
    { collisionCount: 0, currentReplicas: 3, readyReplicas: 3 },
  );
  await change('db', { replicas: 1 });
  await complete('db');
  assert.deepEqual(faults(), []);
  const claims = (await server.list(persistentVolumeClaims)).filter(isOf('db'));
  assert.deepEqual(claims.map(({ metadata }) => metadata.name).sort(), ['data-db-0', 'data-db-1', 'data-db-2']);
  assert.equal(claims[0]?.metadata.labels?.tier, 'db');
  const told = [
    'create Claim data-db-0 Pod db-0 in StatefulSet db success',
    'create Pod db-0 in StatefulSet db successful',
  ];
  for (const message of told) {
    await server.when(message, events, (all) =>
      all.some((event) => event.reason === 'SuccessfulCreate' && event.message === message),
    );
  }
  await server.when('the last one goes first', events, (all) =>
    all.some((e) => e.reason === 'SuccessfulDelete' && e.message === 'delete Pod db-2 in StatefulSet db successful'),
  );
});

test('claims go as the policy says: with a pod that is one too many, and with the set', async () => {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
  };
  await create('gone', {
    volumeClaimTemplates: [claim],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
  });
  await complete('gone');
  await change('gone', { replicas: 2 });
  const names = (all: { metadata: Pod['metadata'] }[]) =>
    all
      .filter(isOf('gone'))
      .map(({ metadata }) => metadata.name)
      .sort()
      .join();
  await server.when('the third claim goes', persistentVolumeClaims, (all) => names(all) === 'data-gone-0,data-gone-1');
  // A claim that is on its way out is waited for.
  const held = { namespace, name: 'data-gone-1' };
  await server.client.patch(persistentVolumeClaims, held, { metadata: { finalizers: ['test/held'] } });
  await change('gone', { replicas: 1 });
  await server.when('the second claim is going', persistentVolumeClaims, (all) =>
    all.some((each) => each.metadata.name === held.name && isBeingDeleted(each)),
  );
  const { generation } = (await change('gone', { replicas: 3 })).metadata;
  await server.when('seen', statefulSets, (all) =>
    all.some(({ metadata, status }) => metadata.name === 'gone' && status.observedGeneration === generation),
  );
  const isGone = !(await server.list(pods)).some(({ metadata }) => metadata.name === 'gone-1');
  assert.ok(isGone, 'its claim would go from under it');
  await server.client.patch(persistentVolumeClaims, held, { metadata: { finalizers: null } });
  await complete('gone');
  await server.client.delete(statefulSets, { name: 'gone', namespace });
  await server.when('all claims go', persistentVolumeClaims, (all) => names(all) === '');
});

test('with Parallel all pods are made at once', async () => {
  await create('burst', { replicas: 12, podManagementPolicy: 'Parallel', template: template('burst', 'broken') });
  await server.when('twelve', pods, (all) => all.filter(isOf('burst')).length === 12);
  await change('burst', { replicas: 0 });
  await server.when('none', pods, (all) => !all.some(isOf('burst')));
});

test('an update goes down to the partition, one pod after the other, and never back', async () => {
  await create('rolling', { replicas: 4 });
  await complete('rolling');
  const faults = await audit('rolling', (own) => {
    const up = own.filter(isUp);
    const firstNew = Math.min(...own.filter((pod) => imageOf(pod) === 'nginx:2').map(ordinalOf));
    const isMixed = own.some((pod) => imageOf(pod) === 'nginx:1' && ordinalOf(pod) > firstNew);
    return up.length < 3 || isMixed ? `${up.length} up, mixed: ${isMixed}` : undefined;
  });
  await change('rolling', {
    template: template('rolling', 'nginx:2'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
  });
  const half = await server.when('half', statefulSets, (all) =>
    all.find(
      ({ metadata, status }) =>
        metadata.name === 'rolling' && status.updatedReplicas === 2 && status.readyReplicas === 4,
    ),
  );
  assert.equal(half.status.currentReplicas, 2);
  assert.notEqual(half.status.currentRevision, half.status.updateRevision);
  assert.match(
    await server.kubectl('rollout', 'status', 'sts/rolling'),
    /partitioned roll out complete: 2 new pods have been updated/,
  );
  // A pod below the partition comes back as it was.
  const all = await server.informer(pods);
  const before = all.get('default/rolling-0');
  assert.deepEqual(faults(), []);
  await server.client.delete(pods, { name: 'rolling-0', namespace });
  const back = await server.when('back', pods, (list) =>
    list.find((pod) => pod.metadata.name === 'rolling-0' && pod.metadata.uid !== before?.metadata.uid),
  );
  assert.equal(imageOf(back), 'nginx:1');
  await change('rolling', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
  await complete('rolling');
});

test('a template that never gets ready stops at its first pod, which has to be deleted by hand', async () => {
  await create('stuck');
  await complete('stuck');
  await change('stuck', { template: template('stuck', 'broken') });
  const isBroken = (pod: Pod) => pod.metadata.name === 'stuck-2' && imageOf(pod) === 'broken';
  await server.when('broken', pods, (all) => all.some((pod) => isBroken(pod) && pod.status.phase === 'Running'));
  await server.kubectl('rollout', 'undo', 'sts/stuck');
  const seen = await server.when('seen', statefulSets, (all) =>
    all.find(({ metadata, status }) => metadata.name === 'stuck' && status.observedGeneration === 3),
  );
  assert.equal(seen.status.updatedReplicas, 2, 'two of the template that has come back');
  assert.ok((await server.list(pods)).some(isBroken));
  await server.client.delete(pods, { name: 'stuck-2', namespace });
  await complete('stuck');
});

test('a pod that failed is made anew', async () => {
  await create('failing', { replicas: 1 });
  await complete('failing');
  const [pod] = (await server.list(pods)).filter(isOf('failing'));
  assert.ok(pod);
  await server.client.patch(pods, pod.metadata, { status: { phase: 'Failed' } }, { subresource: 'status' });
  await server.when('another', pods, (all) =>
    all.some((each) => isOf('failing')(each) && each.metadata.uid !== pod.metadata.uid && isUp(each)),
  );
});

test('what cannot be made is told', async () => {
  await server.kubectl('create', 'namespace', 'full');
  await server.kubectl('create', 'quota', 'none', '--hard=pods=0', '-n', 'full');
  await server.client.create(statefulSets, {
    metadata: { name: 'poor', namespace: 'full' },
    spec: { serviceName: 'x', selector: { matchLabels: { app: 'poor' } }, template: template('poor', 'nginx:1') },
  });
  await server.when('told', events, (all) =>
    all.some(
      ({ reason, message }) =>
        reason === 'FailedCreate' &&
        /^create Pod poor-0 in StatefulSet poor failed error: pods "poor-0" is forbidden: exceeded quota/.test(
          message ?? '',
        ),
    ),
  );
  await server.kubectl('delete', 'quota', 'none', '-n', 'full');
  await server.when('made', pods, (all) => all.some(isOf('poor')));
});

test('earlier templates are kept as revisions, no more than the limit', async () => {
  await create('history', { replicas: 1, revisionHistoryLimit: 1 });
  await complete('history');
  for (const version of [2, 3, 4]) {
    await change('history', { template: template('history', `nginx:${version}`) });
    await complete('history');
  }
  const left = await server.when('two', controllerRevisions, (all) => {
    const own = all.filter(isOf('history'));
    return own.length === 2 && own;
  });
  assert.deepEqual(left.map(({ revision }) => revision).sort(), [3, 4]);
  await change('history', { template: template('history', 'nginx:3') });
  await complete('history');
  await server.when('the third is the fifth', controllerRevisions, (all) => {
    const own = all.filter(isOf('history'));
    return (
      own
        .map(({ revision }) => revision)
        .sort()
        .join() === '4,5'
    );
  });
});

test('pods and revisions that were orphaned are taken over by a set of the same name', async () => {
  await create('heir', { replicas: 2 });
  await complete('heir');
  const uids = async () =>
    (await server.list(pods))
      .filter(isOf('heir'))
      .map(({ metadata }) => metadata.uid)
      .sort();
  const before = await uids();
  await server.client.delete(statefulSets, { name: 'heir', namespace }, { propagationPolicy: 'Orphan' });
  await server.when('gone', statefulSets, (all) => !all.some(({ metadata }) => metadata.name === 'heir'));
  await create('heir', { replicas: 2 });
  await complete('heir');
  assert.deepEqual(await uids(), before);
  const revisions = (await server.list(controllerRevisions)).filter(isOf('heir'));
  assert.equal(revisions.length, 1);
});

test('a revision whose name is taken by another one gets another name', async () => {
  // What the server makes of the template by its defaults is what is hashed: it is asked first.
  const { spec } = await server.client.create(statefulSets, {
    metadata: { name: 'asked', namespace },
    spec: {
      replicas: 0,
      serviceName: 'x',
      selector: { matchLabels: { app: 'taken' } },
      template: template('taken', 'nginx:1'),
    },
  });
  const name = `taken-${podTemplateHash(spec.template)}`;
  await server.client.create(controllerRevisions, {
    metadata: { name, namespace },
    data: { other: true },
    revision: 1,
  });
  await server.client.delete(statefulSets, { name: 'asked', namespace });
  await create('taken', { replicas: 1 });
  const { status } = await complete('taken');
  assert.equal(status.collisionCount, 1);
  assert.notEqual(status.updateRevision, name);
});

test('a server that is killed amid a rollout goes on in order and leaves what the spec says', async () => {
  await create('crash', { replicas: 6 });
  await complete('crash');
  const faults = await audit('crash', (own) => {
    const down = own.length - own.filter(isUp).length;
    return own.length < 5 || own.length > 6 || down > 1 ? `${own.length} pods, ${down} down` : undefined;
  });
  await change('crash', { template: template('crash', 'nginx:2') });
  for (const updated of [1, 4]) {
    await server.when('amid', statefulSets, (all) =>
      all.some(({ metadata, status }) => metadata.name === 'crash' && (status.updatedReplicas ?? 0) >= updated),
    );
    await server.kill();
    await server.start();
  }
  await complete('crash');
  assert.deepEqual(faults(), []);
  const own = (await server.list(pods)).filter(isOf('crash'));
  assert.deepEqual([...new Set(own.map(imageOf))], ['nginx:2']);
});
