// Claims that get their volume with their first pod, on a real server: the scheduler and the provisioner of volumes on nodes' own
// disks work together, also over a crash, and what users read of it is what Kubernetes tells.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { selectedNode } from '../../src/api/claim-binding.ts';
import { events } from '../../src/api/kinds/event.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { persistentVolumes } from '../../src/api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { isPodReady, pods } from '../../src/api/kinds/pod.ts';
import { statefulSets } from '../../src/api/kinds/stateful-set.ts';
import { storageClasses } from '../../src/api/kinds/storage-class.ts';
import { folderFinalizer, isLocalPathVolume, volumeNodeLabel } from '../../src/api/local-path.ts';
import { isBeingDeleted } from '../../src/api/meta.ts';
import { execute } from '../../src/base/exec.ts';
import { oldestAndNewest } from '../api/kubectls.ts';
import { localVolumesFolder, StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server);
  await agents.start('one', 'two', 'lost');
  await server.client.patch(nodes, { name: 'lost' }, { spec: { unschedulable: true } });
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';

function makeClaim(name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}) {
  const resources = { requests: { storage: '1Gi' } };
  return server.client.create(persistentVolumeClaims, {
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources, ...spec },
  });
}

function makePod(name: string, claimName: string, nodeSelector?: Record<string, string>) {
  return server.client.create(pods, {
    metadata: { name, namespace },
    spec: {
      containers: [{ name: 'main', image: 'nginx' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
      ...(nodeSelector && { nodeSelector }),
    },
  });
}

function makeDisk(name: string, node: string) {
  const onNode = { key: 'kubernetes.io/hostname', operator: 'In' as const, values: [node] };
  return server.client.create(persistentVolumes, {
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '9Gi' },
      storageClassName: 'disks',
      local: { path: `/mnt/${name}` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
    },
  });
}

const ready = (name: string) =>
  server.when(`${name} ready`, pods, (all) => all.find((pod) => pod.metadata.name === name && isPodReady(pod)));
const bound = (name: string) =>
  server.when(`${name} bound`, persistentVolumeClaims, (all) =>
    all.find(({ metadata, status }) => metadata.name === name && status.phase === 'Bound'),
  );
const told = (name: string, reason: string, message: RegExp) =>
  server.when(`${reason} of ${name}`, events, (all) =>
    all.some(
      (event) => event.involvedObject.name === name && event.reason === reason && message.test(event.message ?? ''),
    ),
  );
const volumeGone = (name = '') =>
  server.when(`${name} gone`, persistentVolumes, (all) => !all.some(({ metadata }) => metadata.name === name));
/** As an agent does when the folder is gone. */
const letGo = (name: string) => server.client.patch(persistentVolumes, { name }, { metadata: { finalizers: null } });

test('a claim waits for its pod, gets a volume on the pod’s node, and goes with it', async () => {
  const { metadata } = await makeClaim('data');
  await told('data', 'WaitForFirstConsumer', /^waiting for first consumer to be created before binding$/);
  await makePod('user', 'data', { 'kubernetes.io/hostname': 'two' });
  await ready('user');
  const claim = await bound('data');
  assert.deepEqual(claim.metadata.annotations, {
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
    'volume.beta.kubernetes.io/storage-provisioner': 'wherry.io/local-path',
    'volume.kubernetes.io/selected-node': 'two',
    'volume.kubernetes.io/storage-provisioner': 'wherry.io/local-path',
  });
  const volumeName = `pvc-${metadata.uid}`;
  assert.equal(claim.spec.volumeName, volumeName);
  await told('data', 'ExternalProvisioning', /either by the external provisioner 'wherry.io\/local-path' or manually/);
  await told('data', 'Provisioning', /^External provisioner is provisioning volume for claim "default\/data"$/);
  await told('data', 'ProvisioningSucceeded', new RegExp(`^Successfully provisioned volume ${volumeName}$`));
  const volume = await server.client.get(persistentVolumes, { name: volumeName });
  assert.equal(volume.spec.local?.path, `${localVolumesFolder}/${volumeName}_default_data`);
  assert.equal(volume.metadata.annotations?.['pv.kubernetes.io/bound-by-controller'], undefined);

  for (const { program, minor } of await oldestAndNewest()) {
    const kubectl = (...args: string[]) => execute(program, ['--kubeconfig', server.kubeconfigFile, ...args]);
    const line = await kubectl('get', 'pv', volumeName, '--no-headers');
    assert.match(line, /1Gi +RWO +Delete +Bound +default\/data +local-path /, `kubectl 1.${minor}`);
    assert.match(await kubectl('get', 'pvc', 'data', '--no-headers'), /Bound +pvc-\S+ +1Gi +RWO +local-path /);
    const told = await kubectl('describe', 'pv', volumeName);
    assert.match(told, /Term 0: +kubernetes.io\/hostname in \[two\]/);
    assert.match(told, /Type: +LocalVolume/);
    assert.match(await kubectl('describe', 'pvc', 'data'), /Used By: +user|Mounted By: +user/);
    assert.match(await kubectl('describe', 'sc', 'local-path'), /IsDefaultClass: +Yes/);
  }

  await server.client.delete(persistentVolumeClaims, claim.metadata);
  await server.when('kept by its pod', persistentVolumeClaims, (all) =>
    all.some((each) => each.metadata.name === 'data' && isBeingDeleted(each)),
  );
  await server.client.delete(pods, { namespace, name: 'user' });
  const going = await server.when('the volume goes', persistentVolumes, (all) =>
    all.find((each) => each.metadata.name === volumeName && isBeingDeleted(each)),
  );
  assert.ok(going.metadata.finalizers?.includes(folderFinalizer), 'until the folder is gone');
  await letGo(volumeName);
  await volumeGone(volumeName);
});

test('the pods of a stateful set return to the nodes of their claims, also over a crash', async () => {
  await server.client.create(statefulSets, {
    metadata: { name: 'db', namespace },
    spec: {
      replicas: 4,
      serviceName: 'db',
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });
  // Killed amid: between the choice of nodes and the binding of pods as well as before.
  await server.when('chosen', persistentVolumeClaims, (all) =>
    all.some(({ metadata }) => metadata.annotations?.[selectedNode]),
  );
  await server.kill();
  await server.start();
  const own = () =>
    server.when('all ready', pods, (all) => {
      const up = all.filter((pod) => pod.metadata.labels?.app === 'db' && isPodReady(pod) && !isBeingDeleted(pod));
      return up.length === 4 && new Map(up.map((pod) => [pod.metadata.name, pod.spec.nodeName ?? '']));
    });
  const before = await own();
  const volumes = (await server.client.list(persistentVolumes)).items.filter(isLocalPathVolume);
  assert.equal(volumes.length, 4, 'none was made twice');
  assert.deepEqual([...new Set(before.values())].sort(), ['one', 'two']);
  for (const { metadata, spec } of volumes) {
    const pod = spec.claimRef?.name?.replace('data-', '') ?? '';
    assert.equal(metadata.labels?.[volumeNodeLabel], before.get(pod));
  }
  const { items } = await server.client.list(pods, { namespace, labelSelector: 'app=db' });
  for (const { metadata } of items) await server.client.delete(pods, metadata);
  await server.when('new ones', pods, (all) =>
    all.every(({ metadata }) => !items.some((old) => old.metadata.uid === metadata.uid)),
  );
  assert.deepEqual(await own(), before);
  await server.client.patch(nodes, { name: before.get('db-0') ?? '' }, { spec: { unschedulable: true } });
  await server.client.delete(pods, { namespace, name: 'db-0' });
  const pattern = /1 node\(s\) didn't match PersistentVolume's node affinity, 2 node\(s\) were unschedulable/;
  await told('db-0', 'FailedScheduling', pattern);
  await server.client.patch(nodes, { name: before.get('db-0') ?? '' }, { spec: { unschedulable: null } });
  assert.deepEqual(await own(), before);
});

test('volumes made by hand are given to pods by where they are', async () => {
  await server.client.create(storageClasses, {
    metadata: { name: 'disks' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  await makeClaim('first', { storageClassName: 'disks' });
  await makePod('first', 'first');
  await told('first', 'FailedScheduling', /2 node\(s\) didn't find available persistent volumes to bind/);
  await told('first', 'WaitForPodScheduled', /^waiting for pod first to be scheduled$/);
  await makeDisk('disk', 'one');
  assert.equal((await ready('first')).spec.nodeName, 'one');
  assert.equal((await bound('first')).spec.volumeName, 'disk');

  // Pods that come together are promised a volume each.
  const names = ['p', 'q', 'r', 's'];
  for (const name of names) await makeClaim(name, { storageClassName: 'disks' });
  for (const name of names) await makeDisk(`disk-${name}`, 'two');
  await Promise.all(names.map((name) => makePod(name, name)));
  const volumes = await Promise.all(names.map(async (name) => (await bound(name)).spec.volumeName));
  assert.equal(new Set(volumes).size, 4);
  await Promise.all(names.map(ready));
  const rejected = (await server.client.list(events)).items.filter(({ message }) =>
    message?.startsWith('binding rejected'),
  );
  assert.deepEqual(rejected, []);
});

test('whoever provides volumes is waited for, may send a pod elsewhere, and is waited for after a crash', async () => {
  const mode = { volumeBindingMode: 'WaitForFirstConsumer' as const };
  await server.client.create(storageClasses, { metadata: { name: 'far' }, provisioner: 'example.com/far', ...mode });
  await makeClaim('far', { storageClassName: 'far' });
  const pod = await makePod('far', 'far');
  const chosen = () =>
    server.when('a node is chosen', persistentVolumeClaims, (all) => {
      const claim = all.find(({ metadata }) => metadata.name === 'far');
      return claim?.metadata.annotations?.[selectedNode];
    });
  const first = await chosen();
  await server.client.patch(nodes, { name: first }, { spec: { unschedulable: true } });
  const giveUp = { metadata: { annotations: { [selectedNode]: null } } };
  await server.client.patch(persistentVolumeClaims, { namespace, name: 'far' }, giveUp);
  await told(
    'far',
    'FailedScheduling',
    /running PreBind plugin "VolumeBinding": .*provisioning failed for PVC "default\/far"/,
  );
  const second = await chosen();
  assert.notEqual(second, first);
  await server.client.patch(nodes, { name: first }, { spec: { unschedulable: null } });
  assert.equal((await server.client.get(pods, pod.metadata)).spec.nodeName, undefined, 'no pod before its volume');
  await server.kill();
  await server.start();
  const { metadata } = await server.client.get(persistentVolumeClaims, { namespace, name: 'far' });
  await server.client.create(persistentVolumes, {
    metadata: { name: 'far', annotations: { 'pv.kubernetes.io/provisioned-by': 'example.com/far' } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      storageClassName: 'far',
      claimRef: { namespace, name: 'far', uid: metadata.uid ?? '' },
      nfs: { server: 'files', path: '/far' },
    },
  });
  assert.equal((await ready('far')).spec.nodeName, second);

  // One that gives up waiting leaves nothing behind that would keep others away.
  await makeClaim('never', { storageClassName: 'far' });
  await makePod('leaver', 'never');
  await told('never', 'ExternalProvisioning', /example.com\/far/);
  await server.client.delete(pods, { namespace, name: 'leaver' });
  await server.client.delete(persistentVolumeClaims, { namespace, name: 'never' });
  await server.when('gone', persistentVolumeClaims, (all) => !all.some((each) => each.metadata.name === 'never'));
});

test('a pod waits for the class of its claim', async () => {
  await makeClaim('early', { storageClassName: 'later' });
  await makePod('early', 'early');
  await told('early', 'FailedScheduling', /pod has unbound immediate PersistentVolumeClaims/);
  await server.client.create(storageClasses, {
    metadata: { name: 'later' },
    provisioner: 'wherry.io/local-path',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  await ready('early');
});

test('a pod waits for its claim, and for another that has it alone', async () => {
  await makePod('eager', 'absent');
  await told('eager', 'FailedScheduling', /^0\/3 nodes are available: persistentvolumeclaim "absent" not found/);
  await makeClaim('absent', { accessModes: ['ReadWriteOncePod'] });
  await ready('eager');
  await makePod('second', 'absent');
  await told(
    'second',
    'FailedScheduling',
    /node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod/,
  );
  await server.client.delete(pods, { namespace, name: 'eager' });
  await ready('second');
});

test('a claim that is written in a pod comes and goes with it', async () => {
  const ephemeral = {
    volumeClaimTemplate: {
      metadata: { labels: { of: 'scratch' } },
      spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
    },
  };
  const make = (name: string) =>
    server.client.create(pods, {
      metadata: { name, namespace },
      spec: { containers: [{ name: 'main', image: 'nginx' }], volumes: [{ name: 'tmp', ephemeral }] },
    });
  await make('scratch');
  await ready('scratch');
  const { metadata, spec } = await bound('scratch-tmp');
  assert.deepEqual(metadata.labels, { of: 'scratch' });
  assert.equal(metadata.ownerReferences?.[0]?.name, 'scratch');
  await server.client.delete(pods, { namespace, name: 'scratch' });
  await server.when('the volume goes', persistentVolumes, (all) =>
    all.some((each) => each.metadata.name === spec.volumeName && isBeingDeleted(each)),
  );
  await letGo(spec.volumeName ?? '');
  await makeClaim('stolen-tmp');
  await make('stolen');
  const message = /PVC default\/stolen-tmp was not created for pod default\/stolen \(pod is not owner\)/;
  await told('stolen', 'FailedBinding', message);
  await told('stolen', 'FailedScheduling', message);
});

test('what cannot be provisioned is told', async () => {
  await server.client.create(storageClasses, { metadata: { name: 'at-once' }, provisioner: 'wherry.io/local-path' });
  await makeClaim('at-once', { storageClassName: 'at-once' });
  await told(
    'at-once',
    'ProvisioningFailed',
    /StorageClass "at-once": .* needs volumeBindingMode WaitForFirstConsumer$/,
  );
  await makeClaim('shared', { accessModes: ['ReadWriteMany'] });
  await makePod('sharing', 'shared');
  await told('shared', 'ProvisioningFailed', /StorageClass "local-path": access mode ReadWriteMany is not supported/);
  const annotations = { [selectedNode]: 'ghost' };
  const { metadata } = await makeClaim('haunted');
  await server.client.patch(persistentVolumeClaims, metadata, { metadata: { annotations } });
  await told('haunted', 'ProvisioningFailed', /StorageClass "local-path": node "ghost" not found$/);
  await server.when('another node may be chosen', persistentVolumeClaims, (all) =>
    all.some((each) => each.metadata.name === 'haunted' && !each.metadata.annotations?.[selectedNode]),
  );
  // Whoever gives up takes its pod and its claim away; nothing of it holds others up.
  await server.client.delete(pods, { namespace, name: 'sharing' });
  await server.client.delete(persistentVolumeClaims, { namespace, name: 'shared' });
  await server.when('gone', persistentVolumeClaims, (all) => !all.some(({ metadata }) => metadata.name === 'shared'));
});

test('a volume of a node that has left the cluster goes, and it is said what stays', async () => {
  await server.client.patch(nodes, { name: 'lost' }, { spec: { unschedulable: null } });
  await makeClaim('stranded');
  await makePod('stranded', 'stranded', { 'kubernetes.io/hostname': 'lost' });
  await ready('stranded');
  const { spec } = await bound('stranded');
  await server.client.delete(pods, { namespace, name: 'stranded' });
  await server.client.delete(persistentVolumeClaims, { namespace, name: 'stranded' });
  await server.when('held', persistentVolumes, (all) =>
    all.some((each) => each.metadata.name === spec.volumeName && isBeingDeleted(each)),
  );
  agents.silence('lost');
  await server.client.delete(nodes, { name: 'lost' });
  await volumeGone(spec.volumeName);
  await told(
    spec.volumeName ?? '',
    'VolumeFailedDelete',
    /node "lost" is no part of the cluster any more: .* is left on its disk/,
  );
});
