// Containers that run and of which Docker knows nothing any more, as after a kill or with a full disk: none of them runs on
// beside its successor, or when its pod is gone; all of it also by an agent that was not there when it happened.
// And containers that ended, and Docker does not know how: no failure is a success.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { isRunning, observeTrees } from '../bench/process-table.ts';
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

interface Forgotten {
  pod: Pod;
  id: string;
  pid: number;
}

const statusOf = (pod: Pod) => pod.status.containerStatuses?.[0];
const idOf = (pod: Pod) => statusOf(pod)?.containerID?.replace('docker://', '') ?? '';
const recordOf = (id: string) => join(bench.engine.folder, 'data/containers', id, 'config.v2.json');

/** What runs of a container: its shim, and all below. */
const tasksOf = (id: string) =>
  observeTrees(({ command }) => /containerd-shim/.test(command[0] ?? '') && command.includes(id));

async function readyPod(name: string): Promise<Forgotten> {
  await bench.createPod(name);
  const pod = await bench.podWhen(name, 'ready', isReady);
  const id = idOf(pod);
  const { State } = await bench.docker.getContainer(id).inspect();
  return { pod, id, pid: State.Pid };
}

/** Docker, killed, comes back without any record of it. */
async function forget({ id }: Forgotten): Promise<void> {
  await bench.engine.killDaemon();
  await rm(recordOf(id));
  await bench.engine.startDaemon();
}

/** Docker, killed, comes back with the record that it had of the container before it was started. */
async function forgetStart({ id }: Forgotten): Promise<void> {
  await bench.engine.killDaemon();
  const record = JSON.parse(await readFile(recordOf(id), 'utf8'));
  const never = '0001-01-01T00:00:00Z';
  Object.assign(record.State, { Running: false, Pid: 0, StartedAt: never, FinishedAt: never });
  await writeFile(recordOf(id), JSON.stringify(record));
  await bench.engine.startDaemon();
}

const replaced = (pod: Pod, id: string) => isReady(pod) && statusOf(pod)?.containerID !== `docker://${id}`;

test('a container that Docker has forgotten has ended before another takes its place, which is counted', async () => {
  const first = await readyPod('forgotten');
  await forget(first);
  const next = await bench.podWhen('forgotten', 'replaced', (pod) => replaced(pod, first.id));
  assert.equal(isRunning(first.pid), false);
  assert.equal(statusOf(next)?.restartCount, 1);
  await waitUntil('its shim gone', () => tasksOf(first.id).length === 0);
});

test('so has one that was forgotten while no agent was there', async () => {
  const first = await readyPod('unseen');
  const other = await readyPod('bystander');
  running.kill();
  await forget(first);
  assert.equal(isRunning(first.pid), true);
  running = await bench.startAgent();
  await bench.podWhen('unseen', 'replaced', (pod) => replaced(pod, first.id));
  assert.equal(isRunning(first.pid), false);
  assert.equal(isRunning(other.pid), true, 'nobody else is ended');
});

test('one that Docker takes for never started is ended with its pod’s namespaces, and was counted', async () => {
  const first = await readyPod('unstarted');
  const [pause] = (await bench.containersOf(first.pod)).filter(({ Names }) => Names[0]?.includes('POD'));
  running.kill();
  await bench.docker.getContainer(pause?.Id ?? '').kill();
  await forgetStart(first);
  assert.equal((await bench.docker.getContainer(first.id).inspect()).State.Status, 'created');
  running = await bench.startAgent();
  const next = await bench.podWhen('unstarted', 'replaced', (pod) => replaced(pod, first.id));
  assert.equal(isRunning(first.pid), false);
  assert.equal(statusOf(next)?.restartCount, 1);
});

test('nothing is left of a pod that is deleted while Docker does not know its container', async () => {
  const first = await readyPod('last');
  running.kill();
  await bench.client.delete(pods, first.pod.metadata, { gracePeriodSeconds: 1 });
  await forget(first);
  running = await bench.startAgent();
  await bench.gone('last');
  await waitUntil('its shim gone', () => tasksOf(first.id).length === 0);
});

const ending = (exitCode: number): Partial<Pod['spec']> => ({
  restartPolicy: 'OnFailure',
  containers: [
    { name: 'main', image: busyboxImage, command: ['sh', '-c', `trap "exit ${exitCode}" TERM; sleep 1000 & wait`] },
  ],
});
const endOf = (pod: Pod) => statusOf(pod)?.state?.terminated ?? statusOf(pod)?.lastState?.terminated;

test('a failure that Docker could not write down is none of the successes that it makes of it', async () => {
  await bench.createPod('failing', ending(7));
  const pod = await bench.heeding('failing');
  const id = idOf(pod);
  const whileItRan = await readFile(recordOf(id));
  running.kill();
  await bench.docker.getContainer(id).stop();
  await bench.engine.killDaemon();
  await writeFile(recordOf(id), whileItRan);
  await bench.engine.startDaemon();
  const { State } = await bench.docker.getContainer(id).inspect();
  assert.equal(State.Status, 'exited');
  assert.ok([0, 255].includes(State.ExitCode), `an older Docker says 0, today's 255: ${State.ExitCode}`);
  assert.equal((await running.runtime.inspect(id))?.exitCode, 255, 'also to who looks at it alone');
  running = await bench.startAgent();
  const next = await bench.podWhen('failing', 'replaced', (pod) => replaced(pod, id));
  assert.deepEqual([endOf(next)?.exitCode, endOf(next)?.reason, statusOf(next)?.restartCount], [255, 'Error', 1]);
});

test('a success is one, whether Docker saw it before the agent was back, or was not there itself', async () => {
  await bench.createPod('seen', ending(0));
  await bench.createPod('missed', ending(0));
  const seen = idOf(await bench.heeding('seen'));
  const missed = idOf(await bench.heeding('missed'));
  const { State: task } = await bench.docker.getContainer(missed).inspect();
  running.kill();
  await bench.engine.killDaemon();
  process.kill(task.Pid, 'SIGTERM');
  await waitUntil('its end', () => !isRunning(task.Pid));
  await bench.engine.startDaemon();
  await bench.docker.getContainer(seen).stop();
  running = await bench.startAgent();
  for (const name of ['seen', 'missed']) {
    const pod = await bench.podWhen(name, 'over', ({ status }) => status.phase === 'Succeeded');
    assert.equal(endOf(pod)?.exitCode, 0);
  }
});
