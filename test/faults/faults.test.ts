// Everything fails, at random, again and again: in the end nothing is lost, nothing is doubled, all pods are as they should
// be within half a minute beyond their back-off, and when they are deleted nothing of them is left.
// WHERRY_FAULT_SECONDS says how long (600 by hand), WHERRY_FAULT_SEED what is chosen, WHERRY_FAULT_LOGS is a folder
// that gets what the programs said.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { observeTrees } from '../bench/process-table.ts';
import { Random, seedFrom } from '../bench/random.ts';
import { waitUntil } from '../bench/wait-until.ts';
import type { NodeApart } from '../cluster/node-apart.ts';
import { type ExpectedPod, expectedPods, webObjects } from './expected-pods.ts';
import { type FaultCluster, openFaultCluster } from './fault-cluster.ts';
import { type Fault, faultsOf } from './faults.ts';
import { logLinksOf, observeNode } from './leftovers-of-node.ts';
import {
  labelOf,
  listContainers,
  type Named,
  runningContainers,
  waitForRecovery,
  wantedOf,
  wholeName,
} from './recovery.ts';

const seconds = Number(process.env.WHERRY_FAULT_SECONDS ?? 45);
const seed = seedFrom('WHERRY_FAULT_SEED');
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
let killsOfDocker = 0;
/** What every pod has to be well again, beside its back-off. */
let recoveryMs = 30_000;

before(async () => {
  faulty = await openFaultCluster();
  cluster = faulty.apart;
  expected = expectedPods(cluster.traces);
  bare = await observeNode(cluster);
});
after(async () => {
  const { WHERRY_FAULT_LOGS: logs } = process.env;
  try {
    const copy = `mkdir -p ${logs} && cp ${folder()}/*.log ${folder()}/docker/*.log ${logs}`;
    if (logs && cluster) await cluster.on.host.exec('sh', ['-c', copy]);
  } finally {
    await cluster?.close();
  }
});

/** A list is cheap, and may be old: what it calls doubled is looked at. */
async function doublesNow(): Promise<string[]> {
  const doubled = (containers: Named[]) => {
    const names = containers.map(wholeName);
    return names.filter((name, place) => names.indexOf(name) !== place);
  };
  if (doubled(await listContainers(cluster, { all: false })).length === 0) return [];
  return doubled(await runningContainers(cluster, []));
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
    for (const name of await doublesNow().catch(() => [])) doubles.add(name);
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
  const begunMs = Date.now();
  await cluster.apply([
    ...webObjects(cluster.traces),
    ...expected.map(({ name, spec }) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec })),
  ]);
  await waitForRecovery({ cluster, expected, sinceMs: begunMs, recoveryMs: 120_000 });
  // A machine that is slower than this, or has other things to do, is given as long again.
  recoveryMs = Math.max(recoveryMs, Date.now() - begunMs);
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
  let lastFaultMs = begunMs;
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
    console.log(`${((lastFaultMs - begunMs) / 1000).toFixed(0).padStart(4)} s  the last fault is over`);
    await waitForRecovery({ cluster, expected, sinceMs: lastFaultMs, recoveryMs });
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
  const running = await runningContainers(cluster, pods);
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

test('when they are deleted nothing of them is left', async (t) => {
  for (const { metadata } of await cluster.pods()) everSeen.add(metadata.uid ?? '');
  await cluster.kubectl('delete', 'deployment,service', 'web', '--wait=false');
  await cluster.kubectl('delete', 'pods', '--all', '--wait=false');
  await waitUntil('all pods gone', async () => (await cluster.pods()).length === 0, { timeoutMs: 60_000 });
  const startedLayers = new Set((await observeStarts()).flatMap((disk) => /[0-9a-f]{64}/.exec(disk) ?? []));
  let left: string[] = [];
  let ofDocker: string[] = [];
  const look = async () => {
    const found = [...(await observeNode(cluster))].filter((line) => !bare.has(line));
    ofDocker = found.filter((line) => isOfDockerAlone(line, startedLayers));
    left = found.filter((line) => !ofDocker.includes(line));
    left.push(...(await logLinksOf(everSeen)));
    return left.length === 0;
  };
  const patient = { timeoutMs: 30_000, intervalMs: 500 };
  await waitUntil('nothing left', look, patient).catch(() => {});
  if (left.length > 0 && left.every((line) => line.startsWith(`mount ${cluster.disk}/docker/`))) {
    // A Docker that was started on a full disk could not read some of its containers: it knows them again the next time.
    t.diagnostic(`Docker is started anew for ${left.join()}`);
    await cluster.on.docker.killDaemon();
    await cluster.on.docker.startDaemon();
    await waitUntil('nothing left', look, patient).catch(() => {});
  }
  for (const line of left) console.log(`${line}\n${await saidOf(line)}`);
  assert.deepEqual(left, []);
  if (ofDocker.length > 0) t.diagnostic(`${ofDocker.length} mounts that Docker itself left when it was killed`);
});

/**
 * A Docker that is killed while it makes a container leaves the mount of a layer that no container has, for as long as the
 * host runs: it happens without any agent, and nobody but Docker may touch its layers. Of what was ever started none may stay.
 */
function isOfDockerAlone(line: string, startedLayers: ReadonlySet<string>): boolean {
  const [, layer] = /^mount .*\/overlay2\/([0-9a-f]{64})(-init)?\/merged$/.exec(line) ?? [];
  return layer !== undefined && killsOfDocker > 0 && !startedLayers.has(layer);
}

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

/** The disk of each container that was started. */
async function observeStarts(): Promise<string[]> {
  return (await Promise.all((await readdir(cluster.traces)).map(startsOf))).flat();
}

/** A line for each start, the same one for the same container. */
async function startsOf(name: string): Promise<string[]> {
  const there = await readdir(cluster.traces);
  if (!there.includes(name)) return [];
  return (await readFile(join(cluster.traces, name), 'utf8')).split('\n').filter(Boolean);
}
