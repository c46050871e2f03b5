// A pod that means no good, or is only strange, harms nobody but itself: not the agent, not what is measured on the node, not
// the pods of others. And it can always be deleted.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pods } from '../../src/api/kinds/pod.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Disks } from '../../src/node/stats/disks.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';
import { idle, inside, putConfigMap } from './volume-bench.ts';

let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
  running = await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

const end = async (name: string) => {
  await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
  await bench.gone(name);
};

test('folders in each other, deeper than a path can name, are counted and go with their pod', async () => {
  const volumeMounts = [{ name: 'own', mountPath: '/own' }];
  await bench.createPod('deep', { containers: [idle({ volumeMounts })], volumes: [{ name: 'own', emptyDir: {} }] });
  const pod = await bench.podWhen('deep', 'ready', isReady);
  const half = `${'n'.repeat(200)}/`.repeat(15);
  const dig = `cd /own; mkdir -p a/${half} b/${half}; head -c 3000000 /dev/zero >a/${half}file; mv a b/${half}; echo $?`;
  assert.equal(await inside(running, pod, dig), '0\n');
  const [volume] = await new Disks({ dataDir: bench.dataDir, clock: systemClock }).volumes(pod);
  assert.ok((volume?.used.usedBytes ?? 0) >= 3_000_000, JSON.stringify(volume?.used));
  await end('deep');
  await assert.rejects(stat(join(bench.dataDir, 'pods', pod.metadata.uid ?? '')), { code: 'ENOENT' });
});

test("a container that makes its /etc/hosts hundreds of megabytes long fills no memory of the agent's", async () => {
  await bench.createPod('long', { containers: [idle()] });
  const pod = await bench.podWhen('long', 'ready', isReady);
  const sizeOfHosts = async () => (await stat(join(bench.dataDir, 'pods', pod.metadata.uid ?? '', 'etc-hosts'))).size;
  const bytes = await sizeOfHosts();
  assert.equal(await inside(running, pod, 'truncate -s 400M /etc/hosts; echo $?'), '0\n');
  const before = process.resourceUsage().maxRSS;
  running.kill();
  running = await bench.startAgent();
  await waitUntil('the hosts as they were', async () => (await sizeOfHosts()) === bytes);
  const moreMegabytes = (process.resourceUsage().maxRSS - before) / 1024;
  assert.ok(moreMegabytes < 200, `${moreMegabytes} MB more`);
  await end('long');
});

test('a manifest may mount its own files where the agent would put its own', async () => {
  await putConfigMap(bench, 'names', { hosts: '192.0.2.1 mine\n', resolv: 'nameserver 192.0.2.2\n', name: 'mine\n' });
  const at = (mountPath: string, subPath: string) => ({ name: 'names', mountPath, subPath });
  const volumeMounts = [at('/etc/hosts', 'hosts'), at('/etc/resolv.conf', 'resolv'), at('/etc/hostname/', 'name')];
  const volumes = [{ name: 'names', configMap: { name: 'names' } }];
  await bench.createPod('own-names', { containers: [idle({ volumeMounts })], volumes });
  const pod = await bench.podWhen('own-names', 'ready', isReady);
  const says = await inside(running, pod, 'cat /etc/hosts /etc/resolv.conf /etc/hostname');
  assert.equal(says, '192.0.2.1 mine\nnameserver 192.0.2.2\nmine\n');
  await end('own-names');
});

test('a path longer than any can be, at which the engine would hang, is refused', async () => {
  const long = 'x'.repeat(100_000);
  const containers = [
    idle({ name: 'program', command: [long] }),
    idle({ name: 'arguments', command: ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait', long] }),
    idle({ name: 'mount', volumeMounts: [{ name: 'own', mountPath: `/${'x/'.repeat(50_000)}` }] }),
    idle({ name: 'probe', readinessProbe: { exec: { command: [long] }, periodSeconds: 1 } }),
  ];
  await bench.createPod('long-paths', { containers, volumes: [{ name: 'own', emptyDir: {} }] });
  const pod = await bench.podWhen('long-paths', 'told of', ({ status: { containerStatuses = [] } }) => {
    return containerStatuses.filter(({ state }) => state?.running || state?.waiting?.message).length === 4;
  });
  const says = (name: string) => {
    const { state } = pod.status.containerStatuses?.find((status) => status.name === name) ?? {};
    return state?.running ? 'runs' : `${state?.waiting?.reason}: ${state?.waiting?.message?.slice(-18)}`;
  };
  const refused = 'CreateContainerError: file name too long';
  assert.deepEqual(['program', 'mount', 'arguments', 'probe'].map(says), [refused, refused, 'runs', 'runs']);
  await bench.eventOf('long-paths', /Unhealthy.*too long/);
  await end('long-paths');
});

test('a pod whose sandbox never comes to be does not keep the engine busy', async () => {
  // Less memory for all of the pod than its pause container needs to be begun.
  const limits = { memory: '1' };
  const pod = await bench.createPod('too-little', { containers: [idle({ resources: { limits } })] });
  const failures = () => bench.eventsOf('too-little').filter((text) => text.startsWith('FailedCreatePodSandBox'));
  await waitUntil('a failure', () => failures().length > 0);
  const made = new Set<string>();
  const until = Date.now() + 8_000;
  await waitUntil('the time', async () => {
    for (const { id } of running.agent.containers().of(pod.metadata.uid ?? '')) made.add(id);
    return Date.now() > until;
  });
  assert.ok(made.size <= 9, `${made.size} pause containers in eight seconds`);
  await end('too-little');
});
