// Claims on two real hosts: a stateful set gets volumes on its nodes' disks with nothing to set up, its data survive pods and
// programs, and folders go with their claims and in no other case.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Event } from '../../src/api/kinds/event.ts';
import type { PersistentVolume } from '../../src/api/kinds/persistent-volume.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.open();
});
after(async () => {
  await cluster?.close();
});

const set = (reclaim: string) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  podManagementPolicy: Parallel
  persistentVolumeClaimRetentionPolicy: {whenDeleted: ${reclaim}, whenScaled: ${reclaim}}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsUser: 1234, runAsGroup: 1234}
      containers:
      - name: main
        image: ${busyboxImage}
        command: [sh, -c, 'echo "$HOSTNAME $NODE" >> /data/starts; trap "exit 0" TERM; sleep 100000 & wait']
        env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;

const apply = (manifest: string) =>
  cluster.master.host.exec('kubectl', ['--kubeconfig', cluster.kubeconfig, 'apply', '-f', '-'], { input: manifest });
const rolledOut = () => cluster.kubectl('rollout', 'status', 'sts/db', '--timeout=60s');
const volumes = async () => (await cluster.kubectlJson<{ items: PersistentVolume[] }>('get', 'pv')).items;
const folderOf = (node: string) => join(cluster.hosts.host(node).host.folder, 'wherry/volumes');
const startsOf = async (name: string) => cluster.kubectl('exec', name, '--', 'cat', '/data/starts');
async function placedOn(name: string): Promise<{ node: string; uid: string }> {
  const { metadata, spec } = await cluster.kubectlJson<Pod>('get', 'pod', name);
  return { node: spec.nodeName ?? '', uid: metadata.uid ?? '' };
}
const told = (reason: string, text: string) =>
  waitUntil(`${reason}: ${text}`, async () => {
    const { items } = await cluster.kubectlJson<{ items: Event[] }>(
      'get',
      'events',
      `--field-selector=reason=${reason}`,
    );
    return items.some(({ message }) => message?.includes(text));
  });

test('a stateful set works out of the box, and each pod returns to its node and its data', async () => {
  await apply(set('Retain'));
  await rolledOut();
  const [first, second] = [await placedOn('db-0'), await placedOn('db-1')];
  assert.deepEqual([first.node, second.node].sort(), ['a', 'b'], 'spread as other pods');
  for (const { spec } of await volumes()) {
    const pod = spec.claimRef?.name?.replace('data-', '') ?? '';
    const { node } = await placedOn(pod);
    assert.equal(spec.local?.path.startsWith(`${folderOf(node)}/`), true, 'on the disk of the pod’s node');
    const wrote = () => readFile(join(spec.local?.path ?? '', 'starts'), 'utf8');
    await waitUntil(`the first word of ${pod}`, async () => (await wrote()) !== '');
    assert.equal(await wrote(), `${pod} ${node}\n`);
    assert.equal((await stat(folderOf(node))).mode & 0o777, 0o700, 'closed to the users of the host');
  }
  await cluster.kubectl('delete', 'pod', 'db-0', '--wait=false');
  await cluster.kill('server');
  await cluster.startServer();
  await waitUntil('another pod', async () => (await placedOn('db-0').catch(() => first)).uid !== first.uid);
  await rolledOut();
  assert.equal((await placedOn('db-0')).node, first.node);
  await waitUntil('its word', async () => (await startsOf('db-0')).split('\n').length > 2);
  assert.equal(await startsOf('db-0'), `db-0 ${first.node}\n`.repeat(2));
});

test('folders go with their claims, also when the agent comes back only later', async () => {
  const paths = (await volumes()).map(({ spec }) => spec.local?.path ?? '');
  await cluster.kubectl('delete', 'sts', 'db');
  await waitUntil(
    'no pods',
    async () => (await cluster.kubectlJson<{ items: Pod[] }>('get', 'pods')).items.length === 0,
  );
  assert.ok(paths.every(existsSync), 'claims stay, and so do data');
  await cluster.kill('b');
  await cluster.kubectl('delete', 'pvc', '--all');
  await waitUntil('that of a is gone', async () => (await readdir(folderOf('a'))).length === 0);
  const left = await waitUntil('only that of b, which waits for its node', async () => {
    const [volume, ...others] = await volumes();
    return others.length === 0 && volume?.metadata.deletionTimestamp ? volume : undefined;
  });
  assert.ok(existsSync(left.spec.local?.path ?? ''));
  await cluster.startAgent(cluster.hosts.host('b'));
  await waitUntil('all are gone', async () => (await volumes()).length === 0);
  assert.deepEqual(await readdir(folderOf('b')), []);
});

test('what is to be retained stays, and nothing elsewhere is ever removed', async () => {
  await apply(set('Delete'));
  await rolledOut();
  const [kept, other] = await volumes();
  assert.ok(kept && other);
  await cluster.kubectl('patch', 'pv', kept.metadata.name, '-p', '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}');
  await cluster.kubectl('delete', 'sts', 'db');
  await waitUntil('the other is gone, and this one released', async () => {
    const [volume, ...others] = await volumes();
    return others.length === 0 && volume?.status.phase === 'Released';
  });
  assert.equal(existsSync(other.spec.local?.path ?? ''), false);
  await cluster.kubectl('delete', 'pv', kept.metadata.name, '--timeout=20s');
  assert.ok(existsSync(join(kept.spec.local?.path ?? '', 'starts')));

  // Somebody with all rights says that a folder of the host was such a volume.
  const elsewhere = join(cluster.master.host.folder, 'precious_x_y');
  await mkdir(elsewhere);
  await apply(`
apiVersion: v1
kind: PersistentVolume
metadata:
  name: precious
  labels: {wherry.io/volume-node: a}
  annotations: {pv.kubernetes.io/provisioned-by: wherry.io/local-path}
  finalizers: [external-provisioner.volume.kubernetes.io/finalizer]
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  local: {path: ${elsewhere}}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a]}]}]}}
`);
  await cluster.kubectl('delete', 'pv', 'precious', '--wait=false');
  await told('VolumeFailedDelete', `"${elsewhere}" is not in ${folderOf('a')}`);
  assert.ok(existsSync(elsewhere));
});
