// A node that runs out of something, on a real Docker Engine: pods that ask for too much are refused, pods that use too much
// go, the least important first, and nobody else does.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { HostShutdown } from '../../src/node/host-shutdown.ts';
import { runningContainers } from '../../src/node/pods/pod-progress.ts';
import { Evictions, type EvictionsOptions } from '../../src/node/pressure/evictions.ts';
import { PodUsages } from '../../src/node/pressure/pod-usages.ts';
import type { Pressure } from '../../src/node/pressure/pressure.ts';
import { isOfEngineDisk, type Levels, readLevels } from '../../src/node/pressure/signals.ts';
import { parseLimit, type Threshold } from '../../src/node/pressure/thresholds.ts';
import { Disks } from '../../src/node/stats/disks.ts';
import { Observer } from '../../src/node/stats/observation.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { PodBench, type RunningAgent } from './pod-bench.ts';

let bench: PodBench;
let running: RunningAgent;
let manifests: string;
before(async () => {
  bench = await PodBench.open();
  manifests = join(bench.dataDir, 'manifests');
  await mkdir(manifests);
  running = await bench.startAgent({ manifests });
});
after(async () => {
  await bench?.close();
});

/** Heeds its end when the script is through. */
const container = (script: string, resources: object = {}) => [
  {
    name: 'main',
    image: busyboxImage,
    command: ['sh', '-c', `${script}\ntrap "exit 0" TERM\nsleep 1000 & wait`],
    resources,
  },
];
const ready = (name: string) => bench.heeding(name);
const failed = (name: string) => bench.podWhen(name, 'failed', ({ status }) => status.phase === 'Failed');
const told = (name: string, reason: string) =>
  bench.podWhen(name, `told of ${reason}`, () => eventOf(name, reason) !== undefined).then(() => eventOf(name, reason));
const eventOf = (name: string, reason: string): string | undefined =>
  bench.api
    .history()
    .filter(({ plural, object }) => plural === 'events' && object.metadata.name.startsWith(`${name}.`))
    .map(({ object }) => object as object as { reason: string; message: string })
    .find((event) => event.reason === reason)?.message;

function threshold(signal: Threshold['signal'], text: string): Threshold {
  return { signal, limit: parseLimit(text), text, graceMs: 0, reclaim: { amount: 0 } };
}

function evictionsBy(thresholds: Threshold[], changes: Partial<EvictionsOptions> = {}) {
  const { agent, images } = running;
  const containers = agent.containers();
  const clock = systemClock;
  const observer = new Observer({ pods: () => agent.pods(), containers, clock });
  const disks = new Disks({ dataDir: bench.dataDir, clock });
  const places = { nodeFolder: bench.dataDir, imageFolder: () => images.store.folder() };
  return new Evictions({
    settings: { thresholds, transitionMs: 0, softGraceMs: 30_000 },
    levels: () => readLevels(places),
    isOfEngineDisk: (signal) => isOfEngineDisk(signal, places),
    usages: new PodUsages({ observer, disks, containers }),
    pods: () => agent.active(),
    evict: (pod, verdict) => agent.end(pod, verdict),
    isRunning: (uid) => runningContainers(containers.of(uid)).length > 0,
    freeContainers: () => agent.removeEnded(new AbortController().signal),
    freeImages: (bytes) => images.garbage.free(bytes),
    tellPressures: () => {},
    clock,
    log: createLog({ level: 'error', part: 'test' }),
    ...changes,
  });
}

test('a pod for which there is no room is refused, and nothing of it is made', async () => {
  await bench.createPod('huge', { containers: container('', { requests: { cpu: '1000' } }) });
  const { status } = await failed('huge');
  assert.equal(status.reason, 'OutOfcpu');
  const lack = "Node didn't have enough resource: cpu, requested: 1000000, used: 0, capacity: 64000";
  assert.equal(status.message, `Pod was rejected: ${lack}`);
  assert.equal(await told('huge', 'OutOfcpu'), lack);
  assert.deepEqual(await bench.containersOf(await bench.pod('huge')), []);
});

test('a critical pod that does not fit beside others comes in, and as few go for it as will do', async () => {
  const asks = (cpu: string) => ({ requests: { cpu } });
  const { allocatable } = bench.room;
  bench.room.allocatable = { ...allocatable, cpu: '1' };
  await bench.createPod('aside', { containers: container('', asks('100m')) });
  await bench.createPod('in-the-way', { containers: container('', asks('600m')) });
  await Promise.all(['aside', 'in-the-way'].map(ready));
  await bench.createPod('needed', { containers: container('', asks('700m')), priority: 2_000_000_000 });
  const { status } = await failed('in-the-way');
  assert.deepEqual([status.reason, status.message], ['Preempting', 'Preempted in order to admit critical pod']);
  const disruption = status.conditions?.find(({ type }) => type === 'DisruptionTarget');
  assert.equal(disruption?.message, 'Pod was preempted by Kubelet to accommodate a critical pod');
  await ready('needed');
  assert.equal((await bench.pod('aside')).status.phase, 'Running');
  bench.room.allocatable = allocatable;
  for (const name of ['aside', 'in-the-way', 'needed'])
    await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
  for (const name of ['aside', 'in-the-way', 'needed']) await bench.gone(name);
});

test('with too little memory who uses most beyond its request goes first; one at a time; critical pods stay', async () => {
  const eats = 'dd if=/dev/zero of=/dev/shm/eaten bs=1M count=40 2>/dev/null';
  await Promise.all([
    bench.createPod('modest', { containers: container('') }),
    bench.createPod('greedy', { containers: container(eats) }),
    bench.createPod('entitled', { containers: container(eats, { requests: { memory: '200Mi' } }) }),
    bench.createPod('critical', { containers: container(eats), priority: 2_000_000_000 }),
  ]);
  await Promise.all(['modest', 'greedy', 'entitled', 'critical'].map(ready));
  let pressures: ReadonlySet<Pressure> = new Set();
  // More than any machine has: it is always too little.
  const tellPressures = (now: ReadonlySet<Pressure>) => {
    pressures = now;
  };
  const short = evictionsBy([threshold('memory.available', '1000Ti')], { tellPressures });
  await short.look();
  assert.deepEqual([...pressures], ['MemoryPressure']);
  const greedy = await failed('greedy');
  assert.equal(greedy.status.reason, 'Evicted');
  assert.match(
    greedy.status.message ?? '',
    /^The node was low on resource: memory\. Threshold quantity: 1000Ti, available: \d+Ki\. Container main was using \d+Ki, request is 0, has larger consumption of memory\. $/,
  );
  const disruption = greedy.status.conditions?.find(({ type }) => type === 'DisruptionTarget');
  assert.deepEqual([disruption?.status, disruption?.reason], ['True', 'TerminationByKubelet']);
  assert.equal(await told('greedy', 'Evicted'), greedy.status.message);
  const phases = () =>
    Promise.all(['modest', 'entitled', 'critical'].map(async (name) => (await bench.pod(name)).status.phase));
  assert.deepEqual(await phases(), ['Running', 'Running', 'Running']);

  // A new pod that does not say how much it takes is refused meanwhile.
  bench.room.pressures = pressures;
  await bench.createPod('newcomer', { containers: container('') });
  assert.equal((await failed('newcomer')).status.reason, 'Evicted');
  bench.room.pressures = new Set();

  await short.look();
  await failed('modest');
  await short.look();
  await failed('entitled');
  await short.look();
  assert.equal((await bench.pod('critical')).status.phase, 'Running');

  await evictionsBy([threshold('memory.available', '1Ki')], { tellPressures }).look();
  assert.deepEqual([...pressures], []);
});

test('with too little disk who takes most of it goes', async () => {
  const writes = (megabytes: number) => `dd if=/dev/zero of=/data/file bs=1M count=${megabytes} 2>/dev/null`;
  const writer = (megabytes: number): Partial<Pod['spec']> => {
    const [main] = container(writes(megabytes));
    assert.ok(main);
    const volumeMounts = [{ name: 'data', mountPath: '/data' }];
    return { containers: [{ ...main, volumeMounts }], volumes: [{ name: 'data', emptyDir: {} }] };
  };
  await Promise.all([bench.createPod('small', writer(1)), bench.createPod('large', writer(20))]);
  await Promise.all(['small', 'large'].map(ready));
  await evictionsBy([threshold('nodefs.available', '1000Ti')]).look();
  assert.match((await failed('large')).status.message ?? '', /low on resource: ephemeral-storage\./);
  assert.equal((await bench.pod('small')).status.phase, 'Running');
});

/** Docker's containers of a pod, but for those that hold its namespaces. */
async function leftOf(pod: Pod) {
  const found = await bench.containersOf(pod);
  return found.filter(({ Labels }) => Labels['io.kubernetes.container.name'] === 'main');
}

test('what an evicted pod has written goes before another pod does', async () => {
  await Promise.all([
    bench.createPod('hoarder', { containers: container('dd if=/dev/zero of=/file bs=1M count=20 2>/dev/null') }),
    bench.createPod('neighbour', { containers: container('') }),
  ]);
  await Promise.all(['hoarder', 'neighbour'].map(ready));
  const left = async () => leftOf(await bench.pod('hoarder'));
  const active = () => running.agent.active().map(({ metadata }) => metadata.name);
  // There is room as soon as nothing is left of the hoarder.
  const levels = async (): Promise<Levels> =>
    new Map([['imagefs.available', { available: (await left()).length > 0 ? 1 : 1000, capacity: 1000 }]]);
  const short = evictionsBy([threshold('imagefs.available', '100')], { levels, freeImages: async () => {} });
  await short.look();
  const { status } = await bench.podWhen('hoarder', 'over', (pod) => running.agent.hasEnded(pod));
  assert.equal(status.reason, 'Evicted');
  assert.notDeepEqual(await left(), [], 'its logs are kept as long as there is room');
  const others = active();
  assert.ok(others.includes('neighbour'));
  await short.look();
  assert.deepEqual(await left(), []);
  assert.deepEqual(active(), others);
});

test('a pod that takes more disk than its own limits allow goes, whatever there is', async () => {
  const [main] = container('dd if=/dev/zero of=/data/file bs=1M count=5 2>/dev/null');
  assert.ok(main);
  await bench.createPod('over', {
    containers: [{ ...main, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    volumes: [{ name: 'data', emptyDir: { sizeLimit: '2Mi' } }],
  });
  await ready('over');
  await evictionsBy([]).keepToLimits();
  assert.equal((await failed('over')).status.message, 'Usage of EmptyDir volume "data" exceeds the limit "2Mi". ');
  assert.equal((await bench.pod('small')).status.phase, 'Running');
});

test('when the host goes down pods end in good order: critical ones last, and nobody comes in', async () => {
  const script = 'trap "sleep 0.3; exit 0" TERM\nsleep 1000 & wait';
  const [main] = container('');
  assert.ok(main);
  const containers = [{ ...main, command: ['sh', '-c', script] }];
  await Promise.all([
    bench.createPod('user', { containers }),
    bench.createPod('system', { containers, priority: 2_000_000_000 }),
  ]);
  await Promise.all(['user', 'system'].map(ready));
  const order: string[] = [];
  const ending = hostShutdown((name) => order.push(name)).endPods();
  await bench.createPod('late', { containers });
  assert.equal((await failed('late')).status.reason, 'NodeShutdown');
  await ending;
  assert.ok(order.indexOf('user') < order.indexOf('system') && order.includes('user'), order.join());
  const user = await bench.pod('user');
  const system = await bench.pod('system');
  for (const { status } of [user, system]) {
    assert.deepEqual([status.phase, status.reason], ['Failed', 'Terminated']);
    assert.equal(status.message, 'Pod was terminated in response to imminent node shutdown.');
    assert.equal(status.containerStatuses?.[0]?.state?.terminated?.exitCode, 0);
  }
  bench.room.isShuttingDown = false;
});

test('a host that goes down while the master is away ends its pods and waits for nobody to be told', async () => {
  await bench.createPod('untold', { containers: container('') });
  const { metadata } = await ready('untold');
  bench.api.isAway = true;
  await hostShutdown().endPods();
  assert.deepEqual(runningContainers(running.agent.containers().of(metadata.uid ?? '')), []);
  bench.api.isAway = false;
  assert.equal((await failed('untold')).status.reason, 'Terminated');
  bench.room.isShuttingDown = false;
});

test('what is left of a pod is kept until the master knows how it ended, unless the node itself has ended it', async () => {
  await bench.createPod('ending', { containers: container(''), restartPolicy: 'OnFailure' });
  await bench.createPod('evicted', { containers: container('') });
  const [ending, evicted] = await Promise.all(['ending', 'evicted'].map(ready));
  assert.ok(ending && evicted);
  bench.api.isAway = true;
  const [{ Id = '' } = {}] = await leftOf(ending);
  await bench.docker.getContainer(Id).kill({ signal: 'SIGTERM' });
  running.agent.end(evicted, { reason: 'Evicted', message: 'too much', graceMs: 1_000 });
  for (const pod of [ending, evicted])
    await waitUntil(`${pod.metadata.name} is over`, () => running.agent.hasEnded(pod), { intervalMs: 5 });
  await running.agent.removeEnded(new AbortController().signal);
  assert.deepEqual([(await leftOf(ending)).length, (await leftOf(evicted)).length], [1, 0]);
  bench.api.isAway = false;
  const { status } = await bench.podWhen('ending', 'through', (pod) => pod.status.phase === 'Succeeded');
  assert.equal(status.containerStatuses?.[0]?.state?.terminated?.exitCode, 0);
  assert.equal((await failed('evicted')).status.reason, 'Evicted');
  await waitUntil('nothing is left of it', async () => {
    await running.agent.removeEnded(new AbortController().signal);
    return (await leftOf(ending)).length === 0;
  });
});

test('what is left of a static pod stays: it would run anew without', async () => {
  const [main] = container('');
  const spec = { restartPolicy: 'OnFailure', containers: [{ ...main, command: ['true'] }] };
  const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'once' }, spec };
  await writeFile(join(manifests, 'once.json'), JSON.stringify(manifest));
  const once = await waitUntil('once is over', () =>
    running.agent.pods().find((pod) => pod.metadata.name === 'once-n1' && running.agent.hasEnded(pod)),
  );
  await running.agent.removeEnded(new AbortController().signal);
  assert.equal((await leftOf(once)).length, 1);
});

/** With more time than the test has. */
function hostShutdown(onEnd: (name: string) => void = () => {}): HostShutdown {
  return new HostShutdown({
    settings: { graceMs: 1_200_000, criticalGraceMs: 600_000 },
    pods: () => running.agent.pods(),
    hasEnded: (pod) => running.agent.hasEnded(pod),
    end: (pod, verdict) => {
      onEnd(pod.metadata.name);
      running.agent.end(pod, verdict);
    },
    onBegin: () => {
      bench.room.isShuttingDown = true;
    },
    clock: systemClock,
    log: createLog({ level: 'error', part: 'test' }),
  });
}
