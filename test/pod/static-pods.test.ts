// The pods that a node has of its own, from a folder, on a real Docker Engine: with and without a master, shown in the API
// by mirrors, run again with their node, replaced when a file is written anew, and ended when it is removed.
import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

let bench: PodBench;
let running: RunningAgent;
let manifests: string;
before(async () => {
  bench = await PodBench.open();
  manifests = join(bench.dataDir, 'manifests');
  await mkdir(manifests);
});
after(async () => {
  await bench?.close();
});

const heeding = 'echo here >> /disk/log; trap "echo ended >> /disk/log; exit 0" TERM; while true; do sleep 0.1; done';
/** Takes longer to end than the least that anybody has. */
const slow = 'trap "sleep 3; exit 0" TERM; while true; do sleep 0.1; done';
const manifest = (name: string, more: Partial<Pod['spec']> = {}, labels = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: {
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: 'main',
        image: busyboxImage,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', heeding],
        volumeMounts: [{ name: 'disk', mountPath: '/disk' }],
      },
    ],
    volumes: [{ name: 'disk', emptyDir: {} }],
    ...more,
  },
});
/** As careful people do: whole at once. */
async function put(file: string, text: string): Promise<void> {
  await writeFile(join(manifests, `.${file}`), text);
  await rename(join(manifests, `.${file}`), join(manifests, file));
}
const runs = (name: string) =>
  waitUntil(`${name} runs`, () =>
    running.agent
      .pods()
      .find((pod) => pod.metadata.name === name && idOf(pod, running.agent.containers()) !== undefined),
  );
const idOf = (pod: Pod, containers: ReturnType<RunningAgent['agent']['containers']>) =>
  containers.of(pod.metadata.uid ?? '').find(({ name, state }) => name === 'main' && state === 'running')?.id;
const annotation = (pod: Pod, name: string) => pod.metadata.annotations?.[`kubernetes.io/config.${name}`];

test('with the master away pods of the folder run, JSON as well as YAML', async () => {
  await put('web.yaml', stringify(manifest('web')));
  await put('side.json', JSON.stringify(manifest('side')));
  await put('notes.txt', 'no manifest at all');
  bench.api.isAway = true;
  running = await bench.startAgent({ manifests });
  const web = await runs('web-n1');
  await runs('side-n1');
  assert.equal(web.metadata.namespace, 'default');
  assert.match(bench.nodeEvents.join('\n'), /FailedValidation: .*notes\.txt, ignoring: it is no Pod of v1/);
});

test('when it is there they are shown by mirrors, which tell how they are', async () => {
  const before = running.agent.pods().map((pod) => [pod.metadata.name, idOf(pod, running.agent.containers())]);
  bench.api.isAway = false;
  const mirror = await bench.podWhen('web-n1', 'ready', isReady);
  const uid = annotation(mirror, 'hash');
  assert.match(uid ?? '', /^[0-9a-f]{32}$/);
  assert.equal(annotation(mirror, 'mirror'), uid);
  assert.equal(annotation(mirror, 'source'), 'file');
  assert.notEqual(mirror.metadata.uid, uid);
  assert.deepEqual(mirror.metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-uid', controller: true },
  ]);
  assert.ok(mirror.spec.tolerations?.some(({ operator, effect }) => operator === 'Exists' && effect === 'NoExecute'));
  const now = running.agent.pods().map((pod) => [pod.metadata.name, idOf(pod, running.agent.containers())]);
  assert.deepEqual(now.sort(), before.sort(), 'nothing was started anew');
});

test('a mirror that is deleted comes again, and the pod runs on', async () => {
  const before = await bench.podWhen('web-n1', 'ready', isReady);
  await bench.client.delete(pods, before.metadata, { gracePeriodSeconds: 30 });
  const isAnother = ({ metadata }: Pod) => metadata.uid !== before.metadata.uid;
  const after = await waitUntil('another mirror', async () => {
    const found = await bench.pod('web-n1').catch(() => undefined);
    return found && isAnother(found) && isReady(found) && found;
  });
  assert.equal(after.status.containerStatuses?.[0]?.containerID, before.status.containerStatuses?.[0]?.containerID);
});

test('an agent that is killed and comes again finds them as they are', async () => {
  const before = await bench.pod('web-n1');
  running.kill();
  running = await bench.startAgent({ manifests });
  await bench.createPod('later');
  await bench.podWhen('later', 'ready', isReady);
  const after = await bench.pod('web-n1');
  assert.equal(after.metadata.uid, before.metadata.uid);
  assert.deepEqual(after.status, before.status);
});

test('pods that ended with their host run again with it, under the same mirror', async () => {
  const before = await bench.podWhen('web-n1', 'ready', isReady);
  const verdict = { reason: 'Terminated', message: 'the host goes down', disruption: 'the host goes down' };
  for (const pod of running.agent.pods()) running.agent.end(pod, verdict);
  const ended = await bench.podWhen('web-n1', 'over', ({ status }) => status.phase === 'Failed');
  assert.equal(ended.status.reason, 'Terminated');
  running.kill();
  running = await bench.startAgent({ manifests });
  const after = await bench.podWhen('web-n1', 'ready again', isReady);
  assert.equal(after.metadata.uid, before.metadata.uid);
  assert.deepEqual([after.status.phase, after.status.reason], ['Running', undefined]);
  assert.equal(after.status.containerStatuses?.[0]?.restartCount, 1);
  await bench.podWhen('side-n1', 'ready again', isReady);
});

test('a file that is written anew replaces its pod; one that makes no sense changes nothing', async () => {
  const before = await bench.pod('web-n1');
  await put('web.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: web');
  await waitUntil('told', () => bench.nodeEvents.some((event) => /web\.yaml, ignoring/.test(event)));
  await put('other.json', JSON.stringify(manifest('web')));
  await waitUntil('told', () =>
    bench.nodeEvents.some((event) => /other\.json.*another file has a pod default\/web-n1 already/.test(event)),
  );
  await rm(join(manifests, 'other.json'));
  assert.equal((await bench.pod('web-n1')).metadata.uid, before.metadata.uid);
  await put('web.yaml', stringify(manifest('web', {}, { version: 'two' })));
  const after = await waitUntil('the new one', async () => {
    const found = await bench.pod('web-n1').catch(() => undefined);
    return found?.metadata.labels?.version === 'two' && isReady(found) && found;
  });
  assert.notEqual(annotation(after, 'hash'), annotation(before, 'hash'));
  const left = await bench.docker.listContainers({
    all: true,
    filters: { label: [`io.kubernetes.pod.uid=${annotation(before, 'hash')}`] },
  });
  assert.deepEqual(left, []);
});

test('a file that is removed ends its pod, with its grace, and its mirror', async () => {
  const { spec, ...slowly } = manifest('slow');
  const [main] = spec.containers;
  const containers = [{ ...main, command: ['sh', '-c', slow] }];
  await put('slow.yaml', stringify({ ...slowly, spec: { ...spec, containers } }));
  await bench.heeding('slow-n1');
  const before = await bench.pod('slow-n1');
  await rm(join(manifests, 'slow.yaml'));
  await bench.gone('slow-n1');
  await bench.eventOf('slow-n1', 'Killing: Stopping container main');
  const told = bench.api
    .history()
    .filter(({ object }) => object.metadata.uid === before.metadata.uid)
    .at(-1)?.object as Pod;
  assert.equal(
    told.status.containerStatuses?.[0]?.state?.terminated?.exitCode,
    0,
    'it ended by itself, and that was told',
  );
  assert.ok(isReady(await bench.pod('side-n1')));
});

test('a file that is moved away and comes back ends its pod and runs it anew, also one that runs once', async () => {
  const { spec, ...slowly } = manifest('moved', { restartPolicy: 'Never' });
  const [main] = spec.containers;
  const containers = [{ ...main, command: ['sh', '-c', slow] }];
  const text = stringify({ ...slowly, spec: { ...spec, containers } });
  await put('moved.yaml', text);
  const before = await bench.heeding('moved-n1');
  await rm(join(manifests, 'moved.yaml'));
  await bench.eventOf('moved-n1', 'Killing: Stopping container main');
  await put('moved.yaml', text);
  const after = await waitUntil('another run', async () => {
    const found = await bench.pod('moved-n1').catch(() => undefined);
    return found && found.metadata.uid !== before.metadata.uid && isReady(found) && found;
  });
  assert.equal(annotation(after, 'hash'), annotation(before, 'hash'));
  assert.notEqual(after.status.containerStatuses?.[0]?.containerID, before.status.containerStatuses?.[0]?.containerID);
  assert.equal(after.status.containerStatuses?.[0]?.restartCount, 0);
});
