// The life of pods with a real master and as people see it with kubectl: what the API takes of an agent, sidecars and
// ephemeral containers in lists, images exchanged, and a node's own pods by their mirrors.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { OneNode } from './one-node.ts';

let one: OneNode;
let manifests: string;
before(async () => {
  manifests = await mkdtemp(join(tmpdir(), 'wherry-manifests-'));
  one = await OneNode.open(['--pod-manifest-path', manifests]);
});
after(async () => {
  await one?.close();
  await rm(manifests, { recursive: true, force: true });
});

const heeding = 'echo here; trap "exit 0" TERM; while true; do sleep 0.1; done';
const container = (name: string, text: string, more: object = {}) => ({
  name,
  image: busyboxImage,
  command: ['sh', '-c', text],
  ...more,
});
const pod = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
/** The READY, STATUS and RESTARTS of a pod, as kubectl lists them. */
const row = async (name: string) =>
  (await one.kubectl('get', 'pod', name, '--no-headers')).trim().split(/\s+/).slice(1, 4).join(' ');
const shows = (name: string, wanted: string) =>
  waitUntil(`${name} is listed as ${wanted}`, async () => (await row(name).catch(() => '')) === wanted);
const apply = (object: object) => one.apply(object);

test('sidecars count among the ready, and a job beside one is completed', async () => {
  const initContainers = [container('side', heeding, { restartPolicy: 'Always' })];
  await apply(pod('both', { initContainers, containers: [container('main', heeding)] }));
  await apply(pod('job', { restartPolicy: 'Never', initContainers, containers: [container('main', 'sleep 0.2')] }));
  await shows('both', '2/2 Running 0');
  await shows('job', '0/2 Completed 0');
  const { status, metadata } = await one.get<Pod>('pod', 'both');
  assert.equal(status.observedGeneration, metadata.generation);
  assert.deepEqual(status.containerStatuses?.[0]?.resources, {});
  assert.match(JSON.stringify(status.containerStatuses?.[0]?.user), /"uid":0/);
});

test('an image is exchanged while the pod runs', async () => {
  await one.on.host.exec('docker', [
    '-H',
    `unix://${one.on.docker.socket}`,
    'tag',
    busyboxImage,
    'wherry-test/other:1',
  ]);
  await one.kubectl('set', 'image', 'pod/both', 'main=wherry-test/other:1');
  await shows('both', '2/2 Running 1');
});

test('a container that looks in is added by kubectl, and told of', async () => {
  const look = [
    'debug',
    'both',
    '--image',
    busyboxImage,
    '--target',
    'main',
    '-c',
    'seer',
    '--',
    'sh',
    '-c',
    'ps; exit 3',
  ];
  await one.kubectl(...look);
  const ended = await waitUntil('it has ended', async () => {
    const { status } = await one.get<Pod>('pod', 'both');
    return status.ephemeralContainerStatuses?.[0]?.state?.terminated;
  });
  assert.equal(ended.exitCode, 3);
  const sees = async () => /sh -c echo here/.test(await one.kubectl('logs', 'both', '-c', 'seer'));
  await waitUntil('what it saw', sees);
});

test('a crash loop is listed as one, and described', async () => {
  await apply(pod('crash', { containers: [container('main', 'echo sorry > /dev/termination-log; exit 3')] }));
  await waitUntil('held back', async () => /CrashLoopBackOff/.test(await row('crash')));
  const describes = (text: RegExp) =>
    waitUntil(`${text}`, async () => text.test(await one.kubectl('describe', 'pod', 'crash')));
  await describes(/Reason:\s+Error\n\s+Message:\s+sorry\n\s+Exit Code:\s+3/);
  await describes(/BackOff\s.*Back-off restarting failed container main in pod crash_default/);
});

test('a pod of the node’s own folder is listed, described and read, and comes again when it is deleted', async () => {
  await writeFile(
    join(manifests, 'own.json'),
    JSON.stringify(pod('own', { containers: [container('main', heeding)] })),
  );
  await shows('own-n1', '1/1 Running 0');
  await one.logsBecome('own-n1', 'here\n');
  const before = await one.get<Pod>('pod', 'own-n1');
  // Another of the same name comes at once: who waits for the name to go may wait for ever.
  // It comes back with the first one's end, though the next one is there soon after: as often as one likes.
  for (let times = 0; times < 4; times++) {
    await one.kubectl('delete', 'pod', 'own-n1');
    await waitUntil('the next mirror', () => one.get<Pod>('pod', 'own-n1').catch(() => undefined));
  }
  const after = await waitUntil('another mirror', async () => {
    const found = await one.get<Pod>('pod', 'own-n1').catch(() => undefined);
    return found?.status.containerStatuses && found.metadata.uid !== before.metadata.uid && found;
  });
  assert.notEqual(after.metadata.uid, before.metadata.uid);
  const idOf = ({ status }: Pod) => status.containerStatuses?.[0]?.containerID;
  assert.equal(idOf(after), idOf(before));
  assert.match(await one.kubectl('describe', 'pod', 'own-n1'), /Started\s.*Started container main/);
  await writeFile(join(manifests, 'bad.yaml'), 'kind: Pot');
  await waitUntil('told', async () =>
    /FailedValidation\s.*bad\.yaml/.test(await one.kubectl('describe', 'node', 'n1')),
  );
  await rm(join(manifests, 'own.json'));
  await waitUntil('it is gone', async () => !(await one.kubectl('get', 'pods')).includes('own-n1'));
});
