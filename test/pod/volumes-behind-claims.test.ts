// Persistent volumes behind claims, in real containers: which claims lead to one, which do not, and what is said of it.
import assert from 'node:assert/strict';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';
import { bindClaim, idle, inside, insideUntil, type Volumes, warned } from './volume-bench.ts';

let bench: PodBench;
let running: RunningAgent;
let host: string;
before(async () => {
  bench = await PodBench.open();
  running = await bench.startAgent();
  host = join(bench.dataDir, 'of-the-host');
  await mkdir(host);
});
after(async () => {
  await bench?.close();
});

const create = (name: string, volumes: Volumes) => {
  const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` }));
  return bench.createPod(name, { containers: [idle({ volumeMounts })], volumes });
};
const start = async (name: string, volumes: Volumes) => {
  await create(name, volumes);
  return bench.podWhen(name, 'ready', isReady);
};
const end = async (name: string) => {
  await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
  await bench.gone(name);
};

test('a claim leads to its volume, and to no other', async () => {
  await mkdir(join(host, 'data'));
  await bindClaim(bench, 'data', { hostPath: { path: join(host, 'data'), type: 'Directory' } });
  const claimed = (claimName: string, readOnly = false): Volumes => [
    { name: 'data', persistentVolumeClaim: { claimName, readOnly } },
  ];
  const writer = await start('writer', claimed('data'));
  const reader = await start('reader', claimed('data', true));
  await inside(running, writer, 'echo lasting > /data/x');
  assert.deepEqual(await running.agent.measuredVolumes(writer), [], 'a path of the host has no room of its own');
  assert.equal(
    await inside(running, reader, 'cat /data/x; touch /data/y'),
    'lasting\ntouch: /data/y: Read-only file system\n',
  );
  await end('writer');
  await end('reader');
  assert.equal(await readFile(join(host, 'data/x'), 'utf8'), 'lasting\n');

  const unmounted = (why: string) =>
    `FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/${why}`;
  const elsewhere = {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n2'] }] }],
    },
  };
  await bindClaim(bench, 'pending', {}, { claim: { status: { phase: 'Pending' } } });
  await bindClaim(bench, 'ends', {}, { metadata: { deletionTimestamp: '2026-11-20T00:00:00Z' } });
  await bindClaim(bench, 'block', { hostPath: { path: host } }, { volume: { volumeMode: 'Block' } });
  await bindClaim(bench, 'far', { local: { path: host }, nodeAffinity: elsewhere });
  await bindClaim(bench, 'nowhere', { local: { path: join(host, 'nowhere') } });
  await bindClaim(bench, 'cloud', { csi: { driver: 'd', volumeHandle: 'h' } });
  await bindClaim(bench, 'stolen', {}, { volume: { claimRef: { uid: 'another' } } });
  const cases: [string, string][] = [
    ['absent', unmounted('absent: failed to fetch PVC from API server: persistentvolumeclaims "absent" not found')],
    ['pending', unmounted('pending: PVC is not bound')],
    ['ends', unmounted('ends: PVC is being deleted')],
    ['block', unmounted('block: volume data has volumeMode Block, but is specified in volumeMounts')],
    ['far', 'FailedMount: MountVolume.NodeAffinity check failed for volume "pv-far" : no matching NodeSelectorTerms'],
    [
      'nowhere',
      `FailedMount: MountVolume.SetUp failed for volume "pv-nowhere" : path "${join(host, 'nowhere')}" does not exist`,
    ],
    ['cloud', 'FailedMount: MountVolume.SetUp failed for volume "pv-cloud" : this agent cannot mount csi volumes'],
  ];
  for (const [claim, message] of cases) {
    await create(`claims-${claim}`, claimed(claim));
    await warned(bench, `claims-${claim}`, message);
    await end(`claims-${claim}`);
  }
  await create('claims-stolen', claimed('stolen'));
  await warned(
    bench,
    'claims-stolen',
    /error processing PVC default\/stolen: .*claimRef.UID \("another"\) is not the claim's/,
  );
  await end('claims-stolen');
});

test('a claim of the pod’s own has to be its own', async () => {
  const volumes: Volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } }];
  await bindClaim(bench, 'generic-scratch', { hostPath: { path: join(host, 'scratch') } });
  const pod = await create('generic', volumes);
  await warned(
    bench,
    'generic',
    /PVC default\/generic-scratch was not created for pod default\/generic \(pod is not owner\)/,
  );
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'generic', uid: pod.metadata.uid ?? '', controller: true };
  await bench.client.patch(
    persistentVolumeClaims,
    { namespace: 'default', name: 'generic-scratch' },
    { metadata: { ownerReferences: [owner] } },
  );
  await bench.podWhen('generic', 'ready', isReady);
  await end('generic');
});

test('a file server that cannot be mounted is named, with what mount says', async () => {
  const nfs = { server: '192.0.2.9', path: '/export' };
  await bindClaim(bench, 'share', { nfs, mountOptions: ['nfsvers=4.2', 'hard'] });
  const pod = await create('share', [{ name: 'data', persistentVolumeClaim: { claimName: 'share' } }]);
  await warned(
    bench,
    'share',
    /MountVolume.SetUp failed for volume "pv-share" : mount failed: exit status \d+\nMounting command: mount\nMounting arguments: -t nfs -o nfsvers=4.2,hard 192.0.2.9:\/export .*volumes\/kubernetes.io~nfs\/data\nOutput: .*mount/,
  );
  const { uid = '' } = pod.metadata;
  await end('share');
  await assert.rejects(stat(join(bench.dataDir, 'pods', uid)), { code: 'ENOENT' });
  await insideUntil(running, await start('after', []), 'echo fine', 'fine\n');
});
