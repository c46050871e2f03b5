// Three hosts, ten nginx pods, and a client outside: every node's port leads to all of them, whoever goes is taken out, and a client
// that tries twice notices neither a rolling update nor a drain.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Docker from 'dockerode';
import { isPodReady, type Pod } from '../../src/api/kinds/pod.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { nginxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';
import type { StreamReport } from './request-stream.ts';

const node = join(import.meta.dirname, '../../node_modules/.bin/node');
const requestStream = join(import.meta.dirname, 'request-stream.ts');
const rotationWitness = join(import.meta.dirname, 'rotation-witness.ts');
const names = ['a', 'b', 'c'];
const replicas = 10;
const grace = '5s of grace';
/** A second, and what else the machine has to do. */
const patientMs = 5_000;

let cluster: Cluster;
const hostOf = (name: string) => cluster.hosts.host(name);
const urlsOf = (...of: string[]) => of.map((name) => `http://${hostOf(name).address}:30080/`);
const nginxPods = async () => (await cluster.kubectlJson<{ items: Pod[] }>('get', 'pods', '-l', 'app=nginx')).items;
const livingPods = async () => (await nginxPods()).filter(({ metadata }) => !metadata.deletionTimestamp);
const readyPods = async (count: number) =>
  await waitUntil(
    `${count} ready pods`,
    async () => {
      const pods = await livingPods();
      return pods.length === count && pods.every(isPodReady) && pods;
    },
    { timeoutMs: 180_000 },
  );

before(async () => {
  cluster = await Cluster.open({ names, serverFlags: ['--node-grace-period', '5s'] });
  await cluster.applyExample('nginx.yaml', nginxImage);
  await cluster.kubectl('scale', 'deployment/nginx', `--replicas=${replicas}`);
  await readyPods(replicas);
});
after(async () => {
  await cluster?.close();
});

/** Asks each of the addresses so many times, and answers which pod was asked by whom. */
async function askedBy(urls: string[], times: number): Promise<Map<string, string[]>> {
  const pods = await nginxPods();
  const linesOf = async ({ metadata }: Pod) => (await cluster.kubectl('logs', metadata.name)).split('\n');
  const before = await Promise.all(pods.map(linesOf));
  const all = Array.from({ length: times }, () => urls).flat();
  const { stdout } = await cluster.hosts.client.host.exec('curl', [
    ...['--silent', '--fail', '--max-time', '5', '--no-keepalive', '--header', 'Connection: close'],
    ...all,
  ]);
  assert.equal(stdout.match(/Welcome to nginx!<\/title>/g)?.length, all.length);
  return await waitUntil('all requests in the logs', async () => {
    const asked = new Map<string, string[]>();
    for (const [index, pod] of pods.entries()) {
      const lines = (await linesOf(pod)).slice((before[index] ?? []).length - 1);
      const sources = lines.filter((line) => line.includes('"GET / ')).map((line) => line.slice(0, line.indexOf(' ')));
      asked.set(pod.metadata.name, sources);
    }
    return [...asked.values()].flat().length === all.length && asked;
  });
}

interface Rotation {
  /** Since the event. */
  wholeMs: number;
  /** Since the API knew. */
  afterApiMs: number;
}

/** How long it takes until none of the hosts' rules leads to any of the addresses, once something happens to a pod or a node. */
async function outOfRotation(
  {
    what,
    name,
    addresses,
    on,
  }: { what: 'pods' | 'nodes'; name: string; addresses: readonly string[]; on: readonly string[] },
  event: () => Promise<unknown>,
): Promise<Rotation> {
  const witness = (of: string, ...args: string[]) =>
    hostOf(of).host.spawn(node, [rotationWitness, ...args], { log: `witness-${of}-${args[0]}-${Date.now()}.log` });
  const witnesses = await Promise.all([
    witness('a', 'api', cluster.kubeconfig, what, name),
    ...on.map((each) => witness(each, 'rules', ...addresses)),
  ]);
  for (const each of witnesses) await waitUntil('a witness', async () => (await each.readLog()).startsWith('watching'));
  const begun = Date.now();
  await event();
  const [known = 0, ...out] = await Promise.all(
    witnesses.map(async (each) => {
      await waitUntil('out of the rules', () => !each.running, { timeoutMs: 60_000 });
      return Number((await each.readLog()).trim().split('\n').at(-1));
    }),
  );
  const last = Math.max(...out);
  assert.ok(known >= begun && last >= begun, `out of the rules at ${last}, known at ${known}, happened at ${begun}`);
  // Whoever writes the rules may have heard of it before the witness did.
  return { wholeMs: last - begun, afterApiMs: Math.max(0, last - known) };
}

const told = ({ wholeMs, afterApiMs }: Rotation) =>
  `out of the rules ${afterApiMs} ms after the API knew, ${wholeMs} ms after it happened`;

async function underRequests(urls: string[], action: () => Promise<void>): Promise<StreamReport> {
  const { host } = cluster.hosts.client;
  const stream = await host.spawn(node, [requestStream, '100', ...urls], { log: `requests-${Date.now()}.log` });
  await waitUntil('the first request', async () => (await stream.readLog()).includes('{}'));
  try {
    await action();
  } finally {
    await stream.kill('SIGTERM');
  }
  return JSON.parse((await stream.readLog()).trim().split('\n').at(-1) ?? '') as StreamReport;
}

describe('a node port of ten pods on three hosts', { concurrency: false }, () => {
  test('each node leads to all pods, as itself', async () => {
    const asked = await askedBy(urlsOf(...names), 60);
    const counts = [...asked.values()].map((sources) => sources.length);
    assert.equal(counts.length, replicas);
    assert.ok(Math.min(...counts) > 0, `spread over all: ${counts}`);
    const sources = new Set([...asked.values()].flat());
    assert.ok(!sources.has(cluster.hosts.client.address), `the nodes ask: ${[...sources]}`);
  });

  test('with the policy Local each node leads to its own pods, as the client', async () => {
    await cluster.kubectl('patch', 'service/nginx', '-p', '{"spec":{"externalTrafficPolicy":"Local"}}');
    const bothKinds = 'iptables-save -t nat; nft list table ip wherry 2>/dev/null; true';
    await waitUntil('only its own', async () => {
      const rules = names.map(async (name) => (await hostOf(name).host.exec('sh', ['-c', bothKinds])).stdout);
      // A chain for those of this node alone.
      return (await Promise.all(rules)).every((saved) => /WHERRY-SVL-|chain near-/.test(saved));
    });
    const pods = await nginxPods();
    for (const name of names) {
      const asked = await askedBy(urlsOf(name), 60);
      for (const { metadata, spec } of pods) {
        const sources = asked.get(metadata.name) ?? [];
        if (spec.nodeName === name) assert.ok(sources.length > 0, `${metadata.name} on ${name} was not asked`);
        assert.deepEqual([...new Set(sources)], spec.nodeName === name ? [cluster.hosts.client.address] : []);
      }
    }
    await cluster.kubectl('patch', 'service/nginx', '-p', '{"spec":{"externalTrafficPolicy":"Cluster"}}');
  });

  test('no request fails after one retry during a rolling update and the drain of a node', async (t) => {
    const report = await underRequests(urlsOf(...names), async () => {
      await cluster.kubectl('rollout', 'restart', 'deployment/nginx');
      await cluster.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=110s');
      await cluster.kubectl('drain', 'c', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=110s');
      await readyPods(replicas);
    });
    await cluster.kubectl('uncordon', 'c');
    t.diagnostic(`${report.requests} requests in ${report.seconds.toFixed(1)} s, ${report.retried} retried`);
    assert.deepEqual(report.failures, []);
    assert.ok(report.requests > 300);
  });

  test('a pod that is deleted, or killed, is taken out within a second of the API knowing', async (t) => {
    const [deleted] = await nginxPods();
    const { name = '' } = deleted?.metadata ?? {};
    const leaving = { what: 'pods', name, addresses: [deleted?.status.podIP ?? ''], on: names } as const;
    const deletion = await outOfRotation(leaving, () => cluster.kubectl('delete', 'pod', name, '--wait=false'));
    t.diagnostic(`deleted: ${told(deletion)}`);
    assert.ok(deletion.afterApiMs < patientMs, told(deletion));
    await readyPods(replicas);

    const victim = (await livingPods()).find(({ spec }) => spec.nodeName === 'b');
    assert.ok(victim, 'there is a pod on b');
    const containerOf = async () => {
      const pod = (await nginxPods()).find(({ metadata }) => metadata.uid === victim.metadata.uid);
      const id = pod?.status.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
      return new Docker({ socketPath: hostOf('b').docker.socket }).getContainer(id);
    };
    const first = await containerOf();
    await first.kill();
    // The first time it is back at once.
    await waitUntil('another container', async () => (await containerOf()).id !== first.id);
    const again = {
      what: 'pods',
      name: victim.metadata.name,
      addresses: [victim.status.podIP ?? ''],
      on: names,
    } as const;
    await readyPods(replicas);
    const killing = await outOfRotation(again, async () => await (await containerOf()).kill());
    t.diagnostic(`killed: ${told(killing)}`);
    assert.ok(killing.afterApiMs < patientMs, told(killing));
    await readyPods(replicas);
  });

  test('a host whose link is cut, and one whose plug is pulled, are taken out when they are missed', async (t) => {
    await cluster.kubectl('rollout', 'restart', 'deployment/nginx');
    await cluster.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=110s');
    const podsOn = async (name: string) =>
      (await livingPods()).flatMap(({ spec, status }) => (spec.nodeName === name ? (status.podIP ?? []) : []));
    const onC = await podsOn('c');
    assert.ok(onC.length > 0, 'there are pods on c');
    const missing = { what: 'nodes', name: 'c', addresses: onC, on: ['a', 'b'] } as const;
    const cut = await outOfRotation(missing, () => hostOf('c').host.exec('ip', ['link', 'set', 'eth0', 'down']));
    t.diagnostic(`link cut: ${told(cut)} (${grace})`);
    assert.ok(cut.afterApiMs < patientMs, told(cut));
    const without = await underRequests(urlsOf('a', 'b'), async () => void (await cluster.kubectl('get', 'nodes')));
    assert.deepEqual([without.retried, without.failures], [0, []]);
    await hostOf('c').host.exec('ip', ['link', 'set', 'eth0', 'up']);
    await cluster.nodesReady();
    // A link that was down has lost its routes.
    await waitUntil(
      'the routes of c',
      async () => {
        const { stdout } = await hostOf('c').host.exec('ip', ['route', 'show', 'proto', '87']);
        return stdout.split('\n').filter((line) => line.includes(' via ')).length === names.length - 1;
      },
      { timeoutMs: 60_000 },
    );

    const onB = await podsOn('b');
    assert.ok(onB.length > 0, 'there are pods on b');
    const dead = { what: 'nodes', name: 'b', addresses: onB, on: ['a', 'c'] } as const;
    const died = await outOfRotation(dead, () => hostOf('b').kill());
    t.diagnostic(`power cut: ${told(died)} (${grace})`);
    assert.ok(died.afterApiMs < patientMs, told(died));
    const asked = await underRequests(urlsOf('a', 'c'), async () => void (await cluster.kubectl('get', 'nodes')));
    assert.deepEqual([asked.retried, asked.failures], [0, []]);
  });
});
