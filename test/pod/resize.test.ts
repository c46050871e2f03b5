// A pod that is changed to ask for more or less has it while it runs: the same process, other limits. The node says where it has no room.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { latestOf } from '../../src/node/pods/pod-progress.ts';
import { runName } from '../bench/leftovers.ts';
import { waitUntil } from '../bench/wait-until.ts';
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

type Amounts = Record<string, string>;
const container = (requests: Amounts, limits: Amounts, more: object = {}) => ({
  name: 'main',
  image: busyboxImage,
  command: ['sleep', '1000'],
  resources: { requests, limits },
  ...more,
});
const latest = (pod: Pod) => latestOf(running.agent.containers().of(pod.metadata.uid ?? ''), 'main');
const conditionOf = (pod: Pod, type: string) => pod.status.conditions?.find((condition) => condition.type === type);
const told = (pod: Pod) => pod.status.containerStatuses?.[0];

let generation = 1;
/** As the API does for who patches the subresource. */
async function resize(name: string, resources: object, more: object = {}): Promise<void> {
  const pod = await bench.pod(name);
  generation += 1;
  const [main, ...others] = pod.spec.containers;
  const containers = [{ ...main, ...more, resources }, ...others];
  await bench.client.patch(pods, pod.metadata, { metadata: { generation }, spec: { containers } });
}

async function limitsOf(pod: Pod): Promise<number[]> {
  const base = `${runName}/kubepods/burstable/pod${pod.metadata.uid}`;
  const groups = [base, `${base}/${latest(pod)?.id}`];
  const files = groups.flatMap((group) => [`cpu/${group}/cpu.cfs_quota_us`, `memory/${group}/memory.limit_in_bytes`]);
  return Promise.all(files.map(async (file) => Number(await readFile(`/sys/fs/cgroup/${file}`, 'utf8'))));
}

test('a container is given more, then less, while it runs; an agent that was killed finds what was agreed', async () => {
  const pod = await bench.createPod('web', {
    containers: [container({ cpu: '100m', memory: '16Mi' }, { cpu: '200m', memory: '32Mi' })],
  });
  await bench.podWhen('web', 'ready', isReady);
  const mebi = 2 ** 20;
  assert.deepEqual(await limitsOf(pod), [20_000, 32 * mebi, 20_000, 32 * mebi]);
  const before = latest(pod);
  const more = { requests: { cpu: '200m', memory: '16Mi' }, limits: { cpu: '400m', memory: '64Mi' } };
  await resize('web', more);
  const given = await bench.podWhen('web', 'given more', (now) => told(now)?.resources?.limits?.cpu === '400m');
  assert.deepEqual(await limitsOf(pod), [40_000, 64 * mebi, 40_000, 64 * mebi]);
  assert.deepEqual([told(given)?.allocatedResources, told(given)?.resources], [more.requests, more]);
  assert.equal(conditionOf(given, 'PodResizeInProgress'), undefined);
  assert.deepEqual([latest(pod)?.id, latest(pod)?.pid], [before?.id, before?.pid]);
  running.kill();
  running = await bench.startAgent();
  await resize('web', { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '150m', memory: '32Mi' } });
  await bench.podWhen('web', 'given less', (now) => told(now)?.resources?.limits?.cpu === '150m');
  assert.deepEqual(await limitsOf(pod), [15_000, 32 * mebi, 15_000, 32 * mebi]);
  assert.deepEqual([latest(pod)?.id, latest(pod)?.pid, latest(pod)?.attempt], [before?.id, before?.pid, 0]);
});

test('what the node does not have is not given, and told; it is given when the others are gone', async () => {
  const other = await bench.createPod('other', { containers: [container({ cpu: '1500m' }, {})] });
  await bench.podWhen('other', 'ready', isReady);
  await resize('web', { requests: { cpu: '100', memory: '16Mi' }, limits: { cpu: '100', memory: '64Mi' } });
  const never = await bench.podWhen('web', 'told', (now) => conditionOf(now, 'PodResizePending') !== undefined);
  assert.equal(conditionOf(never, 'PodResizePending')?.reason, 'Infeasible');
  assert.equal(told(never)?.resources?.limits?.cpu, '150m');
  await bench.createPod('beside', { containers: [container({ cpu: '100m' }, {})] });
  await bench.podWhen('beside', 'ready, as what is not given is not held', isReady);
  running.kill();
  running = await bench.startAgent();
  const fits = { requests: { cpu: '1200m', memory: '16Mi' }, limits: { cpu: '1200m', memory: '64Mi' } };
  await resize('web', fits);
  await bench.podWhen('web', 'deferred', (now) => conditionOf(now, 'PodResizePending')?.reason === 'Deferred');
  assert.equal((await limitsOf(never))[2], 15_000);
  await bench.client.delete(pods, other.metadata, { gracePeriodSeconds: 1 });
  const given = await bench.podWhen('web', 'given', (now) => told(now)?.resources?.limits?.cpu === '1200m');
  assert.equal(conditionOf(given, 'PodResizePending'), undefined);
  assert.equal((await limitsOf(given))[2], 120_000);
});

const cpu = (amount: string) => ({ requests: { cpu: amount }, limits: { cpu: amount } });
const has = (amount: string) => (pod: Pod) => told(pod)?.resources?.limits?.cpu === amount;
const isDeferred = (pod: Pod) => conditionOf(pod, 'PodResizePending')?.reason === 'Deferred';

test('of those that wish for the same room one gets it, and the next when that one has ended or gives some back', async () => {
  for (const name of ['web', 'beside'])
    await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
  const names = ['one', 'two', 'three'];
  for (const name of names) {
    const { requests, limits } = cpu('200m');
    await bench.createPod(name, { restartPolicy: 'Never', containers: [container(requests, limits)] });
  }
  for (const name of names) await bench.podWhen(name, 'ready', isReady);
  await bench.gone('web');
  // None is looked at before all have their wish.
  running.kill();
  for (const name of names) await resize(name, cpu('1500m'));
  running = await bench.startAgent();
  const waiting = new Set(names);
  const givenOf = async () => {
    for (const name of waiting) if (has('1500m')(await bench.pod(name))) return name;
    return undefined;
  };
  const first = await waitUntil('one has it', givenOf);
  waiting.delete(first);
  for (const name of waiting) await bench.podWhen(name, 'deferred', isDeferred);
  await bench.docker.getContainer(latest(await bench.pod(first))?.id ?? '').kill();
  const second = await waitUntil('another has it, as that one has ended', givenOf);
  waiting.delete(second);
  await resize(second, cpu('100m'));
  await bench.podWhen(second, 'smaller', has('100m'));
  await waitUntil('the last has it, as that one has become smaller', givenOf);
});

test('less memory than a container holds, or than Docker gives, is told of and not given; the rest of the pod goes on', async () => {
  const holding = 'dd if=/dev/zero of=/dev/shm/held bs=1M count=40; exec sleep 1000';
  const [requests, limits] = [{ memory: '3Mi' }, { memory: '64Mi' }];
  const failing = { ...container(requests, { memory: '16Mi' }), name: 'failing', command: ['sh', '-c', 'exit 1'] };
  const cases: [string, string, string[], RegExp][] = [
    ['full', '16Mi', ['sh', '-c', holding], /^cannot decrease memory limits: .*"main" memory limit \(16777216\) below/],
    ['tiny', '4Mi', ['sleep', '1000'], /Minimum memory limit allowed is 6MB/],
  ];
  const refuse = async ([name, less, command, message]: (typeof cases)[number]) => {
    const pod = await bench.createPod(name, { containers: [container(requests, limits, { command }), failing] });
    await bench.podWhen(name, 'running', ({ status }) => status.containerStatuses?.[1]?.state?.running !== undefined);
    const memoryLimits = async () => (await limitsOf(pod)).filter((_, index) => index % 2 === 1);
    await waitUntil('it is full', async () => name !== 'full' || (await heldBy(pod)) > 40 * 2 ** 20);
    const [before, limited] = [latest(pod), await memoryLimits()];
    await resize(name, { requests, limits: { memory: less } });
    const refused = await bench.podWhen(
      name,
      'told',
      (now) => conditionOf(now, 'PodResizeInProgress')?.reason === 'Error',
    );
    assert.match(conditionOf(refused, 'PodResizeInProgress')?.message ?? '', message);
    await bench.eventOf(name, /^ResizeError: Pod resize error: /);
    assert.deepEqual([latest(pod)?.id, latest(pod)?.pid, await memoryLimits()], [before?.id, before?.pid, limited]);
    const restarts = (now: Pod) =>
      now.status.containerStatuses?.find((each) => each.name === 'failing')?.restartCount ?? 0;
    await bench.podWhen(name, 'restarted beside it', (now) => restarts(now) > 1);
    await resize(name, { requests, limits });
    await bench.podWhen(name, 'as before', (now) => conditionOf(now, 'PodResizeInProgress') === undefined);
  };
  await Promise.all(cases.map(refuse));
});

async function heldBy(pod: Pod): Promise<number> {
  const group = `${runName}/kubepods/burstable/pod${pod.metadata.uid}/${latest(pod)?.id}`;
  return Number(await readFile(`/sys/fs/cgroup/memory/${group}/memory.usage_in_bytes`, 'utf8'));
}

test('a container that wants it so is restarted for what it is given', async () => {
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
  const pod = await bench.createPod('picky', {
    terminationGracePeriodSeconds: 1,
    containers: [container({ memory: '16Mi' }, { memory: '64Mi' }, { resizePolicy })],
  });
  await bench.podWhen('picky', 'ready', isReady);
  await resize('picky', { requests: { memory: '16Mi' }, limits: { memory: '32Mi' } });
  await bench.podWhen('picky', 'restarted', (now) => isReady(now) && told(now)?.restartCount === 1);
  const { HostConfig } = await bench.docker.getContainer(latest(pod)?.id ?? '').inspect();
  assert.equal(HostConfig.Memory, 32 * 2 ** 20);
  await waitUntil('the limit of the pod', async () => (await limitsOf(pod))[1] === 32 * 2 ** 20);
});
