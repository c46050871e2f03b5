// What pods may use, on the machine's own control groups (the first version of them here; test/vm has the second): each pod has a
// group by Kubernetes' names with what it asked for and its limits, and what is gone takes its group along.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  running = await bench.startAgent({ podMaxPids: 77 });
});
after(async () => {
  await bench?.close();
});

const kubepods = `${runName}/kubepods`;
const isV2 = existsSync('/sys/fs/cgroup/cgroup.procs');
const folderOf = (controller: string, group: string) => join('/sys/fs/cgroup', isV2 ? '' : controller, group);
/** What a file of a group says, by its name in the first version, in that version's terms. */
async function setting(group: string, file: keyof typeof inV2): Promise<number> {
  const [controller = ''] = file.split('.');
  const text = (await readFile(join(folderOf(controller, group), isV2 ? inV2[file] : file), 'utf8')).trim();
  return Number(text.split(' ')[0]);
}
const inV2 = {
  'cpu.shares': 'cpu.weight',
  'cpu.cfs_quota_us': 'cpu.max',
  'memory.limit_in_bytes': 'memory.max',
  'memory.swappiness': 'memory.swap.max',
  'pids.max': 'pids.max',
};
const weight = (shares: number) => (isV2 ? 1 + Math.floor(((shares - 2) * 9999) / 262_142) : shares);
const mebi = 2 ** 20;

type Amounts = Record<string, string>;
const container = (name: string, requests: Amounts, limits: Amounts) => ({
  name,
  image: busyboxImage,
  command: ['sleep', '1000'],
  resources: { requests, limits },
});
const uidOf = (pod: Pod) => pod.metadata.uid ?? '';
const containerOf = (pod: Pod, name: string) => latestOf(running.agent.containers().of(uidOf(pod)), name);
const groupOf = async (pid: number) => await readFile(`/proc/${pid}/cgroup`, 'utf8');

async function runPod(name: string, containers: ReturnType<typeof container>[], more: Partial<Pod['spec']> = {}) {
  const pod = await bench.createPod(name, { containers, terminationGracePeriodSeconds: 1, ...more });
  await bench.podWhen(name, 'ready', isReady);
  return pod;
}

async function remove(pod: Pod): Promise<void> {
  await bench.client.delete(pods, pod.metadata, { gracePeriodSeconds: 1 });
  await bench.gone(pod.metadata.name);
}

test('a burstable pod: its containers are in its group, which has what they asked for and, as all are limited, their limits', async () => {
  const pod = await runPod('burst', [
    container('one', { cpu: '100m', memory: '16Mi' }, { cpu: '250m', memory: '32Mi' }),
    container('two', { cpu: '200m', memory: '16Mi' }, { cpu: '500m', memory: '32Mi' }),
  ]);
  const group = `${kubepods}/burstable/pod${uidOf(pod)}`;
  assert.equal(await setting(group, 'cpu.shares'), weight(307));
  assert.equal(await setting(group, 'cpu.cfs_quota_us'), 75_000);
  assert.equal(await setting(group, 'memory.limit_in_bytes'), 64 * mebi);
  assert.equal(await setting(group, 'pids.max'), 77);
  assert.equal(await setting(kubepods, 'memory.swappiness'), 0);
  for (const name of ['one', 'two', 'POD'])
    assert.match(await groupOf(containerOf(pod, name)?.pid ?? 0), new RegExp(`/${group}/`), name);
  const one = `${group}/${containerOf(pod, 'one')?.id}`;
  assert.equal(await setting(one, 'memory.limit_in_bytes'), 32 * mebi);
  assert.equal(await setting(one, 'cpu.cfs_quota_us'), 25_000);
  await waitUntil(
    'the share of the class',
    async () => (await setting(`${kubepods}/burstable`, 'cpu.shares')) === weight(307),
  );
  const { HostConfig } = await bench.docker.getContainer(containerOf(pod, 'one')?.id ?? '').inspect();
  assert.equal(HostConfig.MemorySwap, HostConfig.Memory);
  const score = Number(await readFile(`/proc/${containerOf(pod, 'one')?.pid}/oom_score_adj`, 'utf8'));
  assert.ok(score > 900 && score < 1000, `${score}`);
  await remove(pod);
  assert.equal(existsSync(folderOf('memory', group)), false);
  await waitUntil(
    'the share of the class',
    async () => (await setting(`${kubepods}/burstable`, 'cpu.shares')) === weight(2),
  );
});

test('guaranteed pods are beside the classes, pods that ask for nothing below one of them', async () => {
  const equal = { cpu: '100m', memory: '16Mi' };
  const sure = await runPod('sure', [container('main', equal, equal)]);
  const best = await runPod('best', [container('main', {}, {})]);
  assert.equal(await setting(`${kubepods}/pod${uidOf(sure)}`, 'memory.limit_in_bytes'), 16 * mebi);
  assert.match(await groupOf(containerOf(sure, 'main')?.pid ?? 0), new RegExp(`/${kubepods}/pod${uidOf(sure)}/`));
  assert.equal(await setting(`${kubepods}/besteffort/pod${uidOf(best)}`, 'cpu.shares'), weight(2));
  const scores = await Promise.all(
    [sure, best].map(async (pod) =>
      Number(await readFile(`/proc/${containerOf(pod, 'main')?.pid}/oom_score_adj`, 'utf8')),
    ),
  );
  // A host that may not lower scores gives the best there is.
  assert.ok([-997, 0].includes(scores[0] ?? 1), `${scores[0]}`);
  assert.equal(scores[1], 1000);
  await remove(sure);
  await remove(best);
});

test('who takes more memory than its limit is ended, and that is what its status says', async () => {
  const greedy = {
    ...container('main', {}, { memory: '16Mi' }),
    command: ['sh', '-c', 'x=x; while true; do x=$x$x; done'],
  };
  const pod = await bench.createPod('greedy', { containers: [greedy], restartPolicy: 'Never' });
  const endOf = ({ status }: Pod) => status.containerStatuses?.[0]?.state?.terminated;
  // Docker may hear of the end before it hears why.
  const isTold = (each: Pod) => each.status.phase === 'Failed' && endOf(each)?.reason === 'OOMKilled';
  const failed = await bench.podWhen('greedy', 'failed for want of memory', isTold);
  assert.equal(endOf(failed)?.exitCode, 137);
  await waitUntil(
    'the group of a pod that is over is removed',
    () => !existsSync(folderOf('memory', `${kubepods}/burstable/pod${uidOf(pod)}`)),
  );
  await remove(pod);
});

test('an agent that is killed leaves groups to the next, which removes those of pods that are gone', async () => {
  const pod = await runPod('kept', [container('main', { cpu: '500m' }, {})]);
  running.kill();
  // What a crash between a pod's end and its files' leaves: a group that Docker made, and a process that outlived its container.
  const gone = `${kubepods}/burstable/podgone`;
  await mkdir(join(bench.dataDir, 'pods/gone'), { recursive: true });
  const foreign = `${kubepods}/burstable/podforeign`;
  for (const group of [`${gone}/left`, foreign])
    for (const controller of isV2 ? [''] : ['cpu', 'memory'])
      await mkdir(folderOf(controller, group), { recursive: true });
  await writeFile(join(folderOf('cpu', `${kubepods}/burstable`), isV2 ? inV2['cpu.shares'] : 'cpu.shares'), '999');
  running = await bench.startAgent();
  await waitUntil(
    'the group of the pod that is gone',
    () => !existsSync(folderOf('memory', gone)) && !existsSync(folderOf('cpu', gone)),
  );
  assert.equal(existsSync(folderOf('memory', foreign)), true, 'a group of which the agent knows nothing stays');
  await waitUntil(
    'the share of the class',
    async () => (await setting(`${kubepods}/burstable`, 'cpu.shares')) === weight(512),
  );
  assert.equal(await setting(`${kubepods}/burstable/pod${uidOf(pod)}`, 'cpu.shares'), weight(512));
  await remove(pod);
  await remove(await runPod('last', [container('main', {}, {})]));
});
