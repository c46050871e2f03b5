// Sidecars and containers that are added to look into a pod, on a real Docker Engine: who waits for whom at the start and
// at the end, who is restarted, and that neither keeps a pod from being done.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
  running = await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

const volumes = [{ name: 'disk', emptyDir: {} }];
const volumeMounts = [{ name: 'disk', mountPath: '/disk' }];
const container = (name: string, text: string, more: object = {}) => ({
  name,
  image: busyboxImage,
  command: ['sh', '-c', text],
  volumeMounts,
  ...more,
});
const sidecar = (name: string, text: string, more: object = {}) =>
  container(name, text, { restartPolicy: 'Always', ...more });
/** Runs until it is told to end, and writes down both. */
const untilTold = (name: string) =>
  `echo ${name} begins >> /disk/order; trap "echo ${name} ends >> /disk/order; exit 0" TERM; while true; do sleep 0.1; done`;
const initOf = (pod: Pod, name: string) => pod.status.initContainerStatuses?.find((status) => status.name === name);

test('a sidecar lets init and the pod’s own go on, runs beside them, and is ended last', async () => {
  const { folder } = bench.engine;
  const disk = [{ name: 'disk', hostPath: { path: `${folder}/order`, type: 'DirectoryOrCreate' as const } }];
  const created = await bench.createPod('beside', {
    volumes: disk,
    initContainers: [
      sidecar('outer', untilTold('outer')),
      container('init', 'echo init >> /disk/order'),
      sidecar('inner', untilTold('inner')),
    ],
    containers: [container('main', untilTold('main'))],
  });
  const pod = await bench.heeding('beside');
  assert.equal(pod.status.phase, 'Running');
  assert.deepEqual(
    pod.status.initContainerStatuses?.map(({ name, ready, started, state }) => [
      name,
      ready,
      started,
      Object.keys(state ?? {})[0],
    ]),
    [
      ['outer', true, true, 'running'],
      ['init', true, false, 'terminated'],
      ['inner', true, true, 'running'],
    ],
  );
  await bench.client.delete(pods, created.metadata, { gracePeriodSeconds: 20 });
  await bench.gone('beside');
  const order = await readFile(`${folder}/order/order`, 'utf8');
  assert.deepEqual(order.trim().split('\n'), [
    ...['outer begins', 'init', 'inner begins', 'main begins'],
    ...['main ends', 'inner ends', 'outer ends'],
  ]);
});

test('a sidecar that ends is restarted while the others go on, and counts against readiness', async () => {
  const spec = {
    restartPolicy: 'Never' as const,
    volumes,
    initContainers: [sidecar('side', 'sleep 1; exit 3')],
    containers: [container('main', 'sleep 1000')],
  };
  const pod = await bench.createPod('again', spec);
  const first = await bench.podWhen('again', 'ready', isReady);
  const held = await bench.podWhen(
    'again',
    'held back',
    (pod) => initOf(pod, 'side')?.state?.waiting?.reason === 'CrashLoopBackOff',
  );
  assert.equal(initOf(held, 'side')?.restartCount, 1);
  assert.equal(initOf(held, 'side')?.lastState?.terminated?.exitCode, 3);
  assert.equal(held.status.phase, 'Running');
  assert.deepEqual(held.status.containerStatuses, first.status.containerStatuses, 'the other is the same');
  const ready = held.status.conditions?.find(({ type }) => type === 'Ready');
  assert.equal(ready?.message, 'containers with unready status: [side]');
  await bench.client.delete(pods, pod.metadata, { gracePeriodSeconds: 1 });
});

test('a pod is done when its own containers are: its sidecars are ended', async () => {
  await bench.createPod('job', {
    restartPolicy: 'Never',
    volumes,
    initContainers: [sidecar('side', untilTold('side'))],
    containers: [container('main', 'sleep 0.2')],
  });
  const done = await bench.podWhen('job', 'done', ({ status }) => status.phase === 'Succeeded');
  assert.equal(initOf(done, 'side')?.state?.terminated?.reason, 'Completed');
  assert.equal(done.status.containerStatuses?.[0]?.state?.terminated?.reason, 'Completed');
  const unfinished = bench.api
    .history()
    .filter(({ plural, object }) => plural === 'pods' && object.metadata.name === 'job')
    .map(({ object }) => object as Pod)
    .filter((pod) => pod.status.phase === 'Succeeded' && initOf(pod, 'side')?.state?.running);
  assert.deepEqual(unfinished, [], 'it is not told to be done while the sidecar runs');
  await bench.client.delete(pods, { namespace: 'default', name: 'job' }, { gracePeriodSeconds: 1 });
});

test('a container that is added sees the processes of its target, is never restarted, and outlives the agent', async () => {
  const created = await bench.createPod('looked-into', {
    containers: [container('main', 'exec sleep 7777', { volumeMounts: [] })],
  });
  await bench.podWhen('looked-into', 'ready', isReady);
  const debug = (name: string, command: string, targetContainerName?: string) => ({
    name,
    image: busyboxImage,
    command: ['sh', '-c', command],
    terminationMessagePolicy: 'FallbackToLogsOnError' as const,
    ...(targetContainerName && { targetContainerName }),
  });
  const ephemeralContainers = [
    debug('seer', 'ps -o args | grep "sleep 777[7]"; exit 4', 'main'),
    debug('blind', 'ps -o args | grep "sleep 777[7]" || echo nothing; exit 5'),
    debug('stays', 'sleep 1000'),
  ];
  await bench.client.patch(pods, created.metadata, { spec: { ephemeralContainers } });
  const of = (pod: Pod, name: string) => pod.status.ephemeralContainerStatuses?.find((status) => status.name === name);
  const ended = (pod: Pod, name: string) => of(pod, name)?.state?.terminated;
  const pod = await bench.podWhen(
    'looked-into',
    'looked into',
    (pod) => !!(ended(pod, 'seer') && ended(pod, 'blind') && of(pod, 'stays')?.state?.running),
  );
  assert.equal(ended(pod, 'seer')?.exitCode, 4);
  assert.equal(ended(pod, 'seer')?.message?.trim(), 'sleep 7777');
  assert.equal(ended(pod, 'blind')?.message?.trim(), 'nothing');
  assert.ok(isReady(pod), 'the pod is as ready as before');
  const before = pod.status.ephemeralContainerStatuses;
  running.kill();
  running = await bench.startAgent();
  await bench.createPod('later');
  await bench.podWhen('later', 'ready', isReady);
  assert.deepEqual((await bench.pod('looked-into')).status.ephemeralContainerStatuses, before);
  await bench.client.delete(pods, created.metadata, { gracePeriodSeconds: 1 });
  await bench.gone('looked-into');
  assert.deepEqual(await bench.containersOf(created), []);
});

test('a target that is not there is told of', async () => {
  const created = await bench.createPod('no-target');
  await bench.podWhen('no-target', 'ready', isReady);
  const ephemeralContainers = [{ name: 'seer', image: busyboxImage, targetContainerName: 'nobody' }];
  await bench.client.patch(pods, created.metadata, { spec: { ephemeralContainers } });
  const waiting = ({ status }: Pod) => status.ephemeralContainerStatuses?.[0]?.state?.waiting;
  const pod = await bench.podWhen('no-target', 'told', (pod) => waiting(pod)?.reason === 'CreateContainerConfigError');
  assert.equal(waiting(pod)?.message, 'unable to find target container nobody');
});
