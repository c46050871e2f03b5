import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Container, PodSpec } from '../../api/kinds/pod-spec/types.ts';
import { createLog } from '../../base/log.ts';
import { sampleContainer, samplePod } from '../pods/pod-samples.ts';
import { containerResources } from './container-resources.ts';
import { cpuWeight } from './cpu.ts';
import { groupPath } from './group-driver.ts';
import { GroupFolders } from './group-folders.ts';
import { sliceName, sliceProperties } from './group-slices.ts';
import type { GroupLimits, GroupTree } from './group-tree.ts';
import { oomScore } from './oom-score.ts';
import { podGroup, podGroupLimits } from './pod-group.ts';
import { PodGroups } from './pod-groups.ts';

type Amounts = Record<string, string>;
const container = (requests?: Amounts, limits?: Amounts, more: Partial<Container> = {}): Container => ({
  name: 'c',
  ...more,
  resources: { ...(requests && { requests }), ...(limits && { limits }) },
});
const spec = (containers: Container[], more: Partial<PodSpec> = {}): PodSpec => ({ containers, ...more });
const mebi = 2 ** 20;

test('requests and limits of a container are shares, a quota and bytes', () => {
  const cases: [Container, ReturnType<typeof containerResources>][] = [
    [container(), { cpuShares: 2, cpuQuotaMicros: undefined, memoryBytes: undefined }],
    [
      container({ cpu: '500m' }, { cpu: '1500m', memory: '64Mi' }),
      { cpuShares: 512, cpuQuotaMicros: 150_000, memoryBytes: 64 * mebi },
    ],
    [container(undefined, { cpu: '2' }), { cpuShares: 2048, cpuQuotaMicros: 200_000, memoryBytes: undefined }],
    [container({ cpu: '1m' }, { cpu: '1m' }), { cpuShares: 2, cpuQuotaMicros: 1_000, memoryBytes: undefined }],
    [container({ cpu: '300' }), { cpuShares: 262_144, cpuQuotaMicros: undefined, memoryBytes: undefined }],
  ];
  for (const [made, expected] of cases) assert.deepEqual(containerResources(made), expected);
});

test('shares count the same as weights', () => {
  assert.deepEqual([2, 102, 1024, 262_144].map(cpuWeight), [1, 4, 39, 10_000]);
});

const equal = { cpu: '500m', memory: '64Mi' };
const groups: { name: string; spec: PodSpec; at: string; limits: GroupLimits }[] = [
  {
    name: 'nothing asked for',
    spec: spec([container()]),
    at: 'wherry/kubepods/besteffort/podu1',
    limits: { cpuShares: 2, cpuQuotaMicros: undefined, memoryBytes: undefined, pids: undefined },
  },
  {
    name: 'all that is asked for is the limit',
    spec: spec([container(equal, equal), container(equal, equal)]),
    at: 'wherry/kubepods/podu1',
    limits: { cpuShares: 1024, cpuQuotaMicros: 100_000, memoryBytes: 128 * mebi, pids: undefined },
  },
  {
    name: 'one container without a limit of memory: the pod has none',
    spec: spec([container(equal, equal), container({ cpu: '100m' }, { cpu: '200m' })]),
    at: 'wherry/kubepods/burstable/podu1',
    limits: { cpuShares: 614, cpuQuotaMicros: 70_000, memoryBytes: undefined, pids: undefined },
  },
  {
    name: 'a limit of zero, which is none',
    spec: spec([container(equal, equal), container({ cpu: '100m' }, { cpu: '0', memory: '0' })]),
    at: 'wherry/kubepods/burstable/podu1',
    limits: { cpuShares: 614, cpuQuotaMicros: undefined, memoryBytes: undefined, pids: undefined },
  },
  {
    name: 'an init container without limits',
    spec: spec([container(equal, equal)], { initContainers: [container()] }),
    at: 'wherry/kubepods/burstable/podu1',
    limits: { cpuShares: 512, cpuQuotaMicros: undefined, memoryBytes: undefined, pids: undefined },
  },
  {
    name: 'a sidecar counts beside, an init container that wants more instead',
    spec: spec([container(equal, equal)], {
      initContainers: [
        container({ cpu: '100m', memory: '1Mi' }, { cpu: '100m', memory: '1Mi' }, { restartPolicy: 'Always' }),
        container({ cpu: '900m', memory: '1Mi' }, { cpu: '900m', memory: '1Mi' }),
      ],
    }),
    at: 'wherry/kubepods/podu1',
    limits: { cpuShares: 1024, cpuQuotaMicros: 100_000, memoryBytes: 65 * mebi, pids: undefined },
  },
  {
    name: 'what the pod states as a whole',
    spec: spec([container()], { resources: { requests: { cpu: '1' }, limits: { memory: '32Mi' } } }),
    at: 'wherry/kubepods/burstable/podu1',
    limits: { cpuShares: 1024, cpuQuotaMicros: undefined, memoryBytes: 32 * mebi, pids: undefined },
  },
];
for (const { name, spec, at, limits } of groups) {
  test(`the group of a pod: ${name}`, () => {
    const qosClass = at.includes('burstable') ? 'Burstable' : at.includes('besteffort') ? 'BestEffort' : 'Guaranteed';
    assert.equal(podGroup(['wherry'], 'u1', qosClass).join('/'), at);
    assert.deepEqual(podGroupLimits(spec, undefined), limits);
    assert.deepEqual(podGroupLimits(spec, 50), { ...limits, pids: 50 });
  });
}

test('the way to a group is the name of its slice', () => {
  assert.equal(sliceName(['wherry', 'kubepods', 'burstable', 'pod12-ab']), 'wherry-kubepods-burstable-pod12_ab.slice');
  assert.deepEqual(groupPath('/a/b/'), ['a', 'b']);
  assert.equal(sliceName([...groupPath('/'), 'kubepods']), 'kubepods.slice');
});

test('the containers of a group are known by its folders, in either driver', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'groups-'));
  t.after(() => rm(root, { recursive: true }));
  const [one, two] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string];
  const names = [one, `docker-${two}.scope`, 'pod12-ab', 'docker-12.scope', `${one}0`];
  for (const name of names) await mkdir(join(root, 'memory/wherry/podu1', name), { recursive: true });
  const tree = new GroupFolders(1, root);
  assert.deepEqual((await tree.containersIn(['wherry', 'podu1'])).sort(), [one, two]);
  assert.deepEqual(await tree.containersIn(['wherry', 'gone']), []);
});

test('what still has a group in a pod’s is ended before that group goes', async () => {
  const done: string[] = [];
  const tree: GroupTree = {
    parentOf: (path) => path.join('/'),
    ensure: async () => {},
    containersIn: async (path) => (path.includes('burstable') ? ['lost'] : []),
    remove: async (path) => void done.push(`removed ${path.at(-1)}`),
  };
  const endLost = async (ids: ReadonlySet<string>) => void done.push(`ended ${[...ids]}`);
  const log = createLog({ write: () => {} });
  const more = { capacity: {}, forPods: {}, podMaxPids: undefined, log };
  await new PodGroups({ tree, root: ['wherry'], endLost, ...more }).remove('u1');
  assert.deepEqual(done, ['ended lost', 'removed podu1', 'removed podu1', 'removed podu1']);
});

test('the group of a pod that is changed has what its containers have or are to be given, whichever is more', async () => {
  const written: (number | undefined)[] = [];
  // The first write takes longer.
  const tookMs = [20];
  const tree: GroupTree = {
    parentOf: (path) => path.join('/'),
    ensure: async (path, { memoryBytes }) => {
      if (path.at(-1) !== 'podu1') return;
      await new Promise((resolve) => setTimeout(resolve, tookMs.pop() ?? 0));
      written.push(memoryBytes);
    },
    containersIn: async () => [],
    remove: async () => {},
  };
  const log = createLog({ write: () => {} });
  const options = { tree, root: [], endLost: async () => {}, capacity: {}, forPods: {}, podMaxPids: undefined, log };
  const groups = new PodGroups(options);
  const limited = (name: string, memory: string) => ({ ...container({ memory: '1Mi' }, { memory }), name });
  const pod = samplePod({ containers: [limited('less', '16Mi'), limited('more', '64Mi')] });
  const running = (name: string, memoryMebi?: number) =>
    sampleContainer(name, {
      resources: { cpuShares: 2, cpuQuotaMicros: undefined, memoryBytes: memoryMebi && memoryMebi * mebi },
    });
  let containers = [running('less', 64), running('more', 16)];
  const fits = [groups.fit(pod, () => containers)];
  await setImmediate();
  containers = [running('less', 16), running('more', 64)];
  fits.push(
    groups.fit(pod, () => containers),
    groups.ensure(pod),
  );
  await Promise.all(fits);
  await groups.fit(pod, () => [sampleContainer('less', { ...running('less', 64), state: 'exited' })]);
  assert.deepEqual(written, [128 * mebi, 80 * mebi]);
  await groups.fit(pod, () => [running('less'), running('more', 64)]);
  assert.equal(written.at(-1), undefined, 'one is not limited yet');
});

test('systemd is told of limits in its words of either version', () => {
  const limits = { cpuShares: 1024, cpuQuotaMicros: 12_500, memoryBytes: 4096, pids: 9, noSwap: true };
  const common = ['CPUQuota=12.5%', 'TasksMax=9'];
  assert.deepEqual(sliceProperties(limits, 2), ['CPUWeight=39', 'MemoryMax=4096', 'MemorySwapMax=0', ...common]);
  assert.deepEqual(sliceProperties(limits, 1), ['CPUShares=1024', 'MemoryLimit=4096', ...common]);
  assert.deepEqual(sliceProperties({}, 2), []);
});

test('who asked for more memory is ended later', () => {
  const node = 1000 * mebi;
  const half = { memory: '500Mi' };
  const sidecar = container(undefined, undefined, { restartPolicy: 'Always' });
  const cases: [string, PodSpec, number, Container?][] = [
    ['nothing asked for', spec([container()]), 1000],
    ['guaranteed', spec([container(equal, equal)]), -997],
    ['half of the node', spec([container(half)]), 500],
    ['next to nothing', spec([container({ memory: '1' })]), 999],
    ['more than there is', spec([container({ memory: '2000Mi' })]), 3],
    ['needed by the node', spec([container()], { priority: 2_000_001_000 }), -997],
    ['a sidecar of one that asked', spec([container(half)], { initContainers: [sidecar] }), 500, sidecar],
    ['a part of the whole', spec([container(), container()], { resources: { requests: half } }), 750],
  ];
  for (const [name, pod, score, of] of cases)
    assert.equal(oomScore(pod, of ?? (pod.containers[0] as Container), node), score, name);
});
