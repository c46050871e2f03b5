// Everything fails, at random, again and again: in the end nothing is lost, nothing is doubled, all pods are as they should
// be within half a minute beyond their back-off, and when they are deleted nothing of them is left.
// WHERRY_FAULT_SECONDS says how long (600 by hand), WHERRY_FAULT_SEED repeats a run's choices, WHERRY_FAULT_LOGS is a folder
// that gets what the programs said.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { isPodReady, type Pod } from '../../src/api/kinds/pod.ts';
import { observeTrees } from '../bench/process-table.ts';
import { Random } from '../bench/random.ts';
import { waitUntil } from '../bench/wait-until.ts';
import type { NodeApart } from '../cluster/node-apart.ts';
import { type ExpectedPod, expectedPods, webObjects } from './expected-pods.ts';
import { type FaultCluster, openFaultCluster } from './fault-cluster.ts';
import { type Fault, faultsOf } from './faults.ts';
import { logLinksOf, observeNode } from './leftovers-of-node.ts';
import { readyByMs } from './patience.ts';

const seconds = Number(process.env.WHERRY_FAULT_SECONDS ?? 60);
const seed = Number(process.env.WHERRY_FAULT_SEED ?? Date.now() % 2 ** 31);
const random = new Random(seed);

let faulty: FaultCluster;
let cluster: NodeApart;
let expected: ExpectedPod[];
/** What the node had before the first pod. */
let bare: Set<string>;
/** By name, of the pods that are never replaced. */
let uids: Map<string, string>;
const everSeen = new Set<string>();
const doubles = new Set<string>();
let lastFaultMs = 0;
let killsOfDocker = 0;

before(async () => {
  faulty = await openFaultCluster();
  cluster = faulty.apart;
  expected = expectedPods(cluster.traces);
  bare = await observeNode(cluster);
});
after(async () => {
  const { WHERRY_FAULT_LOGS: logs } = process.env;
  if (logs && cluster)
    await cluster.on.host.exec('sh', ['-c', `cp ${folder()}/*.log ${folder()}/docker/*.log ${logs}`]);
  await cluster?.close();
});

const labelOf = ({ Labels }: Docker.ContainerInfo, name: string) => Labels[`io.kubernetes.${name}`] ?? '';
const wholeName = (container: Docker.ContainerInfo) =>
  `${labelOf(container, 'pod.name')}/${labelOf(container, 'pod.uid')}/${labelOf(container, 'container.name')}`;

/** What runs of a pod by what the API was told. */
const wantedOf = ({ metadata: { name, uid }, spec, status }: Pod): string[] =>
  status.phase === 'Running' ? ['POD', ...spec.containers.map((c) => c.name)].map((c) => `${name}/${uid}/${c}`) : [];

async function runningContainers(): Promise<Docker.ContainerInfo[]> {
  const listed = await cluster.docker.listContainers({ abortSignal: AbortSignal.timeout(5_000) });
  return listed.filter((container) => labelOf(container, 'pod.uid'));
}

/**
 * Looks now and then whether a container runs twice; a Docker that does not answer is looked at later. Starts an agent
 * anew that gave up, as systemd does.
 */
async function watchOver(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (cluster.hasAgentGivenUp) {
      console.log('        the agent gave up, and is started anew');
      await cluster.startAgent(['--verbose']);
    }
    const names = (await runningContainers().catch(() => [])).map(wholeName);
    for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) doubles.add(name);
    await delay(1_000, undefined, { signal }).catch(() => {});
  }
}

/** One fault, and by chance others of other parts meanwhile. */
async function strike(first: Fault, faults: Fault[], tell: (line: string) => void): Promise<void> {
  const chosen = [first];
  for (const fault of random.shuffled(faults)) {
    const isFree = !chosen.some(({ part }) => part === fault.part);
    if (isFree && random.next() < 0.1) chosen.push(fault);
  }
  tell(chosen.map(({ name }) => name).join(' + '));
  const lasting = chosen.map(async ({ begin, lasts: [least, most] }) => {
    const lastMs = random.between(least, most) * 1000;
    const end = await begin();
    await delay(lastMs);
    await end();
  });
  const outcomes = await Promise.allSettled(lasting);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

test('twenty pods come up', async () => {
  await cluster.apply([
    ...webObjects(cluster.traces),
    ...expected.map(({ name, spec }) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec })),
  ]);
  lastFaultMs = Date.now();
  await allAsExpected();
  const pods = await cluster.pods();
  assert.equal(pods.length, 20);
  for (const { metadata } of pods) everSeen.add(metadata.uid ?? '');
  uids = new Map(pods.map(({ metadata }) => [metadata.name, metadata.uid ?? '']));
});

test(`faults for ${seconds} s (seed ${seed}), and all pods are as they should be`, async (t) => {
  const counts = new Map<string, number>();
  const faults = faultsOf(faulty, random);
  for (const { name } of faults) counts.set(name, 0);
  const watching = new AbortController();
  const watch = watchOver(watching.signal);
  const begunMs = Date.now();
  let due: Fault[] = [];
  try {
    while (Date.now() - begunMs < seconds * 1000) {
      // Each has its turn before any comes again.
      if (due.length === 0) due = random.shuffled(faults);
      await strike(due.pop() as Fault, faults, (line) => {
        console.log(`${((Date.now() - begunMs) / 1000).toFixed(0).padStart(4)} s  ${line}`);
        for (const name of line.split(' + ')) {
          counts.set(name, (counts.get(name) ?? 0) + 1);
          if (name.startsWith('kill -9 of dockerd')) killsOfDocker += 1;
        }
      });
      await delay(random.between(0, 3_000));
    }
    lastFaultMs = Date.now();
    await allAsExpected();
  } finally {
    watching.abort();
    await watch;
  }
  t.diagnostic(`well again ${((Date.now() - lastFaultMs) / 1000).toFixed(1)} s after the last fault`);
  for (const [name, count] of counts) t.diagnostic(`${count} times ${name}`);
});

test('nothing is lost and nothing is doubled', async () => {
  assert.deepEqual([...doubles], []);
  const pods = await cluster.pods();
  for (const { name } of expected)
    assert.equal(pods.find(({ metadata }) => metadata.name === name)?.metadata.uid, uids.get(name), `pod ${name}`);
  const running = await runningContainers();
  assert.deepEqual(
    running.map(wholeName).sort(),
    pods.flatMap(wantedOf).sort(),
    'what runs is what the API was told of',
  );
  for (const { metadata, status } of pods)
    for (const { name, containerID, restartCount } of status.phase === 'Running'
      ? (status.containerStatuses ?? [])
      : []) {
      const found = running.find((container) => wholeName(container) === `${metadata.name}/${metadata.uid}/${name}`);
      assert.equal(containerID, `docker://${found?.Id}`);
      assert.equal(String(restartCount), found && labelOf(found, 'container.restartCount'), `${metadata.name}`);
      const starts = (await startsOf(`${metadata.name}.${name}`)).length;
      // A Docker that is killed while it starts a container has forgotten it, and by that it was not told of: it is started
      // once more, or, where the pod's namespaces went with Docker, another one under its number.
      const told = `${metadata.name}: started ${starts} times, ${restartCount} restarts`;
      assert.ok(starts <= restartCount + 1 + killsOfDocker, told);
    }
  assert.equal((await startsOf('job.main')).length, 1, 'what is done is not done again');
  assert.equal((await startsOf('once.main')).length, 1);
  const url = `http://${cluster.on.address}:30080/`;
  const page = await cluster.hosts.client.host.exec('curl', ['--silent', '--fail', '--max-time', '2', url]);
  assert.equal(page.stdout, 'up\n');
});

test('when they are deleted nothing of them is left', async () => {
  for (const { metadata } of await cluster.pods()) everSeen.add(metadata.uid ?? '');
  await cluster.kubectl('delete', 'deployment,service', 'web', '--wait=false');
  await cluster.kubectl('delete', 'pods', '--all', '--wait=false');
  await waitUntil('all pods gone', async () => (await cluster.pods()).length === 0, { timeoutMs: 60_000 });
  let left: string[] = [];
  const look = async () => {
    left = [...(await observeNode(cluster))].filter((line) => !bare.has(line));
    left.push(...(await logLinksOf(everSeen)));
    return left.length === 0;
  };
  await waitUntil('nothing left', look, { timeoutMs: 30_000, intervalMs: 500 }).catch(() => {});
  for (const line of left) console.log(`${line}\n${await saidOf(line)}`);
  assert.deepEqual(left, []);
});

/** What the programs said of a container that is left, and what still runs of it. */
async function saidOf(line: string): Promise<string> {
  const [id = 'none'] = /[0-9a-f]{64}/.exec(line) ?? [];
  const tree = observeTrees(({ command }) => command.includes(id));
  const tasks = tree.map(({ pid, parent, state, command }) => `${pid} of ${parent} ${state} ${command.join(' ')}\n`);
  const logs = ['docker/dockerd.log', 'docker/containerd.log', 'agent.log'];
  const { stdout } = await cluster.on.host.tryExec('grep', ['-h', id, ...logs.map((log) => join(folder(), log))]);
  return tasks.join('') + stdout;
}

const folder = () => cluster.on.host.folder;

/** A line for each start, the same one for the same container. */
async function startsOf(name: string): Promise<string[]> {
  const there = await readdir(cluster.traces);
  if (!there.includes(name)) return [];
  return (await readFile(join(cluster.traces, name), 'utf8')).split('\n').filter(Boolean);
}

/** Resolves when every pod is as it should be; each has its own time, by its back-off. */
async function allAsExpected(): Promise<void> {
  const patience = new Map<string, number>();
  for (;;) {
    const pods = await cluster.pods();
    const complaints = complaintsOf(pods);
    // An agent that was away too may not have told yet of what was ended meanwhile.
    if (complaints.length === 0) complaints.push(...untoldOf(pods, (await runningContainers()).map(wholeName)));
    if (complaints.length === 0) return;
    for (const { name, pod } of complaints) {
      const byMs = Math.max(patience.get(name) ?? 0, pod ? readyByMs(pod, lastFaultMs) : lastFaultMs + 30_000);
      patience.set(name, byMs);
      if (Date.now() > byMs) {
        const all = complaints.map((complaint) => `${complaint.name} ${complaint.text}`);
        const containers = await cluster.docker.listContainers({ all: true, abortSignal: AbortSignal.timeout(5_000) });
        for (const { Names, State, Status } of containers) all.push(`${Names[0]} ${State} ${Status}`);
        throw new Error(`${all.join('\n')}\n${(await cluster.readAgentLog()).slice(-6_000)}`);
      }
    }
    await delay(500);
  }
}

interface Complaint {
  name: string;
  text: string;
  pod: Pod | undefined;
}

function untoldOf(pods: Pod[], running: readonly string[]): Complaint[] {
  return pods.flatMap((pod) => {
    const missing = wantedOf(pod).filter((name) => !running.includes(name));
    return missing.length > 0 ? [{ name: pod.metadata.name, text: `does not run: ${missing.join(', ')}`, pod }] : [];
  });
}

function complaintsOf(pods: Pod[]): Complaint[] {
  const complaints: Complaint[] = [];
  for (const { name, complaint } of expected) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    const text = pod ? complaint(pod) : 'is not there';
    if (text) complaints.push({ name, text, pod });
  }
  const web = pods.filter(({ metadata }) => metadata.labels?.app === 'web');
  if (web.length !== 3) complaints.push({ name: 'web', text: `has ${web.length} pods`, pod: undefined });
  for (const pod of web)
    if (!isPodReady(pod))
      complaints.push({ name: pod.metadata.name, text: `is not ready: ${JSON.stringify(pod.status)}`, pod });
  return complaints;
}
