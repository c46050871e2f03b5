// Claims and volumes on a real server: who finds whom, what is said of both, and what becomes of them, also over a crash.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { boundByController } from '../../src/api/claim-binding.ts';
import { events } from '../../src/api/kinds/event.ts';
import { type PersistentVolume, persistentVolumes } from '../../src/api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { storageClasses } from '../../src/api/kinds/storage-class.ts';
import { isBeingDeleted } from '../../src/api/meta.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server);
  await agents.start('one');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';

function makeVolume(name: string, storage: string, spec: Partial<PersistentVolume['spec']> = {}) {
  return server.client.create(persistentVolumes, {
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage }, hostPath: { path: `/srv/${name}` }, ...spec },
  });
}

function makeClaim(name: string, storage: string, spec: Partial<PersistentVolumeClaim['spec']> = {}) {
  return server.client.create(persistentVolumeClaims, {
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage } }, ...spec },
  });
}

const claimIs = (name: string, phase: string) =>
  server.when(`claim ${name} ${phase}`, persistentVolumeClaims, (all) =>
    all.find(({ metadata, status }) => metadata.name === name && status.phase === phase),
  );
const volumeIs = (name: string, phase: string) =>
  server.when(`volume ${name} ${phase}`, persistentVolumes, (all) =>
    all.find(({ metadata, status }) => metadata.name === name && status.phase === phase),
  );
const told = (name: string, reason: string, message: string | RegExp) =>
  server.when(`${reason} of ${name}`, events, (all) =>
    all.some((event) => {
      const isOf = event.involvedObject.name === name && event.reason === reason;
      const text = event.message ?? '';
      return isOf && (typeof message === 'string' ? text === message : message.test(text));
    }),
  );
const deleteClaim = (name: string) => server.client.delete(persistentVolumeClaims, { namespace, name });

test('a claim gets the smallest volume that fits, and both say so', async () => {
  await makeVolume('large', '20Gi');
  await makeVolume('fit', '6Gi');
  await makeVolume('tiny', '1Gi');
  await Promise.all(['large', 'fit', 'tiny'].map((name) => volumeIs(name, 'Available')));
  const made = await makeClaim('plain', '5Gi');
  const claim = await claimIs('plain', 'Bound');
  assert.equal(claim.spec.volumeName, 'fit');
  assert.deepEqual(claim.metadata.annotations, {
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
  });
  assert.deepEqual(claim.status, { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '6Gi' } });
  const volume = await volumeIs('fit', 'Bound');
  assert.equal(volume.spec.claimRef?.uid, made.metadata.uid);
  assert.equal(volume.metadata.annotations?.[boundByController], 'yes');
  assert.ok(volume.status.lastPhaseTransitionTime);
});

test('a claim without a volume says what it waits for, and gets the next one that fits', async () => {
  await makeClaim('early', '50Gi');
  const nothing = 'no persistent volumes available for this claim and no storage class is set';
  await told('early', 'FailedBinding', nothing);
  await makeVolume('late', '50Gi');
  assert.equal((await claimIs('early', 'Bound')).spec.volumeName, 'late');
  await makeClaim('unknown', '1Gi', { storageClassName: 'nobody' });
  await told('unknown', 'ProvisioningFailed', 'storageclass.storage.k8s.io "nobody" not found');
  await server.client.create(storageClasses, { metadata: { name: 'nobody' }, provisioner: 'example.com/far' });
  await told('unknown', 'ExternalProvisioning', /either by the external provisioner 'example.com\/far' or manually/);
  const asked = await server.when('asked', persistentVolumeClaims, (all) =>
    all.find(
      ({ metadata }) =>
        metadata.name === 'unknown' && metadata.annotations?.['volume.kubernetes.io/storage-provisioner'],
    ),
  );
  assert.equal(asked.metadata.annotations?.['volume.beta.kubernetes.io/storage-provisioner'], 'example.com/far');
  await server.client.create(storageClasses, {
    metadata: { name: 'manual' },
    provisioner: 'kubernetes.io/no-provisioner',
  });
  await makeClaim('by-hand', '1Gi', { storageClassName: 'manual' });
  await told('by-hand', 'ProvisioningFailed', 'no volume plugin matched name: kubernetes.io/no-provisioner');
});

test('users bind by name, from either side', async () => {
  await makeVolume('chosen', '1Gi');
  await makeClaim('chooses', '1Gi', { volumeName: 'chosen' });
  const chooses = await claimIs('chooses', 'Bound');
  assert.equal(chooses.metadata.annotations?.[boundByController], undefined, 'it was not the binder that chose');
  await makeVolume('promised', '9Gi', { claimRef: { namespace, name: 'awaited' } });
  await volumeIs('promised', 'Available');
  await makeClaim('awaited', '1Gi');
  assert.equal((await claimIs('awaited', 'Bound')).spec.volumeName, 'promised');
  assert.equal((await volumeIs('promised', 'Bound')).metadata.annotations?.[boundByController], undefined);

  await makeClaim('patient', '1Gi', { storageClassName: 'none' });
  await told('patient', 'ProvisioningFailed', /not found/);
  await makeVolume('for-patient', '9Gi', { claimRef: { namespace, name: 'patient' } });
  assert.equal((await claimIs('patient', 'Bound')).spec.volumeName, 'for-patient');

  await makeClaim('greedy', '1Gi', { volumeName: 'chosen' });
  await told('greedy', 'FailedBinding', 'volume "chosen" already bound to a different claim.');
  await makeVolume('narrow', '1Gi');
  await makeClaim('wide', '2Gi', { volumeName: 'narrow' });
  await told('wide', 'VolumeMismatch', 'Cannot bind to requested volume "narrow": requested PV is too small');
  await makeClaim('ahead', '1Gi', { volumeName: 'comes' });
  await makeVolume('comes', '1Gi');
  await claimIs('ahead', 'Bound');
});

test('what becomes of a volume is its reclaim policy', async () => {
  for (const policy of ['Retain', 'Delete', 'Recycle'] as const) {
    const name = policy.toLowerCase();
    await makeVolume(name, '1Gi', { persistentVolumeReclaimPolicy: policy });
    await makeClaim(name, '1Gi', { volumeName: name });
    await claimIs(name, 'Bound');
    await deleteClaim(name);
  }
  await volumeIs('retain', 'Released');
  const failed = await volumeIs('delete', 'Failed');
  const why = 'error getting deleter volume plugin for volume "delete": no deletable volume plugin matched';
  assert.equal(failed.status.message, why);
  await told('delete', 'VolumeFailedDelete', why);
  await volumeIs('recycle', 'Failed');
  await told('recycle', 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
  // Whoever clears what it was for offers it again.
  await server.client.patch(persistentVolumes, { name: 'retain' }, { spec: { claimRef: null } });
  await volumeIs('retain', 'Available');
});

test('a bound claim whose volume is gone is lost, and a volume whose claim went elsewhere is free again', async () => {
  await makeVolume('doomed', '1Gi');
  await makeClaim('bereft', '1Gi', { volumeName: 'doomed' });
  await claimIs('bereft', 'Bound');
  await server.client.delete(persistentVolumes, { name: 'doomed' });
  await server.when('kept by its finalizer', persistentVolumes, (all) =>
    all.some((volume) => volume.metadata.name === 'doomed' && isBeingDeleted(volume)),
  );
  await server.client.patch(persistentVolumes, { name: 'doomed' }, { metadata: { finalizers: null } });
  const lost = await claimIs('bereft', 'Lost');
  assert.deepEqual(lost.status, { phase: 'Lost' });
  const message = 'Bound claim has lost its PersistentVolume. Data on the volume is lost!';
  await told('bereft', 'ClaimLost', message);

  const settled = await claimIs('plain', 'Bound');
  const claimRef = { namespace, name: 'plain', uid: settled.metadata.uid ?? '' };
  await makeVolume('second', '1Gi', { claimRef });
  const second = await volumeIs('second', 'Available');
  assert.deepEqual(second.spec.claimRef, { namespace, name: 'plain' }, 'a user meant it for a claim of this name');
});

test('who wants no volumes on nodes gets no class for them', async () => {
  const without = await TestServer.open(['--without', 'local-path']);
  try {
    assert.deepEqual((await without.client.list(storageClasses)).items, []);
  } finally {
    await without.close();
  }
});

test('the default class is there from the beginning, and is not made again when somebody does not want it', async () => {
  const [local] = (await server.list(storageClasses)).filter(({ metadata }) => metadata.name === 'local-path');
  assert.equal(local?.volumeBindingMode, 'WaitForFirstConsumer');
  assert.match(
    await server.kubectl('get', 'sc'),
    /^local-path \(default\) +wherry.io\/local-path +Delete +WaitForFirstConsumer +false /m,
  );
  await server.client.delete(storageClasses, { name: 'local-path' });
  await server.client.create(persistentVolumeClaims, {
    metadata: { name: 'classless', namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Ti' } } },
  });
  await told('classless', 'FailedBinding', /no storage class is set/);
  await server.kill();
  await server.start();
  await assert.rejects(server.client.get(storageClasses, { name: 'local-path' }), { reason: 'NotFound' });
  // A default class that comes late is taken by the claims that were there before.
  await server.client.create(storageClasses, {
    metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'wherry.io/local-path',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  await told('classless', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  await server.when('its class', persistentVolumeClaims, (all) =>
    all.some(({ metadata, spec }) => metadata.name === 'classless' && spec.storageClassName === 'local-path'),
  );
});
