// The agent as a program on a host, with a real master: how it joins and what it says when it cannot, the node it
// makes, and the logs that kubectl gets through it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Node } from '../../src/api/kinds/node.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { formatJoinToken, parseJoinToken } from '../../src/pki/token.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages, nginxImage } from '../images/images.ts';
import { isReady } from './pod-bench.ts';

const wherry = join(import.meta.dirname, '../../bin/wherry');
const clockJump = join(import.meta.dirname, '../store/clock-jump.mjs');
let bench: Hosts;
let on: DockerHost;
let server: HostProcess;
let agent: HostProcess;
let token: string;

before(async () => {
  bench = await openHosts({ names: ['a'] });
  on = bench.host('a');
  await writeFile(clockFile(), '0');
  await ensureImages(on.docker.socket);
  server = await startServer();
  token = (await on.host.exec(wherry, ['token', 'create', '--kubeconfig', kubeconfig()])).stdout.trim();
});
after(async () => {
  await bench?.close();
});

const clockFile = () => join(on.host.folder, 'clock');
const kubeconfig = () => join(on.host.folder, 'kubeconfig');
const url = () => `https://${on.address}:6443`;

async function startServer(): Promise<HostProcess> {
  const args = ['server', '--data-dir', join(on.host.folder, 'wherry'), '--advertise-address', on.address];
  const started = await on.host.spawn(wherry, [...args, '--write-kubeconfig', kubeconfig()], { log: 'server.log' });
  await waitUntil('the API', async () => (await kubectl('get', '--raw', '/readyz')) === 'ok');
  return started;
}

/** The agent's clock is off by what a file says. */
async function startAgent(joinToken?: string): Promise<HostProcess> {
  const env = { ...process.env, NODE_OPTIONS: `--import=${clockJump}`, WHERRY_TEST_CLOCK_FILE: clockFile() };
  const args = [...agentArgs(url(), 'agent'), ...(joinToken ? ['--token', joinToken] : [])];
  return on.host.spawn(wherry, args, { log: 'agent.log', env });
}

function agentArgs(server: string, dataDir: string): string[] {
  const places = ['--data-dir', join(on.host.folder, dataDir), '--docker-socket', on.docker.socket];
  return ['agent', '--server', server, '--node-name', 'n1', ...places];
}

async function kubectl(...args: string[]): Promise<string> {
  return (await on.host.exec('kubectl', ['--kubeconfig', kubeconfig(), ...args])).stdout;
}

const get = async <T>(kind: string, name: string) => JSON.parse(await kubectl('get', kind, name, '-o', 'json')) as T;

async function readyNode(): Promise<Node> {
  return waitUntil('the node is ready', async () => {
    const node = await get<Node>('node', 'n1');
    return node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && node;
  });
}

async function readyPod(name: string): Promise<Pod> {
  return waitUntil(`pod ${name} is ready`, async () => {
    const pod = await get<Pod>('pod', name);
    return isReady(pod) && pod;
  });
}

test('an agent that cannot join ends and says why', async () => {
  const { id, secret, caHash } = parseJoinToken(token);
  const unknown = formatJoinToken({ id, secret: secret.split('').reverse().join(''), caHash });
  const elsewhere = formatJoinToken({ id, secret, caHash: '0'.repeat(64) });
  const cases: [string, string[], RegExp][] = [
    [url(), [], /no valid certificate of a cluster yet: give it a join token/],
    [url(), ['--token', 'abc'], /the join token is malformed/],
    [url(), ['--token', unknown], /does not know the join token/],
    [url(), ['--token', elsewhere], /not of the cluster that the join token is for/],
    [`https://${on.address}:6444`, ['--token', token], /nothing listens at .*:6444/],
  ];
  for (const [server, more, says] of cases) {
    const outcome = await on.host.tryExec(wherry, [...agentArgs(server, 'nowhere'), ...more], { timeoutMs: 20_000 });
    assert.match(outcome.stderr, says);
    assert.equal(outcome.code, 1, outcome.stderr);
  }
});

test('it joins with a token and tells what its host is', async () => {
  agent = await startAgent(token);
  const node = await readyNode();
  assert.equal(node.metadata.labels?.['kubernetes.io/hostname'], 'n1');
  assert.deepEqual(node.status.addresses, [
    { type: 'InternalIP', address: on.address },
    { type: 'Hostname', address: 'n1' },
  ]);
  assert.equal(node.status.capacity?.pods, '110');
  assert.match(node.status.nodeInfo?.containerRuntimeVersion ?? '', /^docker:\/\/\d/);
  assert.equal(node.status.nodeInfo?.kubeletVersion, 'v1.34.0+wherry');
  assert.equal(node.status.daemonEndpoints?.kubeletEndpoint?.Port, 10250);
  // The biggest first.
  const names = node.status.images?.map((image) => image.names?.at(-1));
  assert.deepEqual(names?.slice(0, 2), [nginxImage, busyboxImage]);
  const lease = JSON.parse(await kubectl('get', 'lease', 'n1', '-n', 'kube-node-lease', '-o', 'json'));
  assert.match(lease.spec.renewTime, /\.\d{6}Z$/);
  assert.equal(lease.metadata.ownerReferences[0].uid, node.metadata.uid);
});

test('a clock and a Docker that are broken show in the condition Ready, as long as they are', async () => {
  const says = (text: RegExp) =>
    waitUntil(`the node says ${text}`, async () => {
      const { status } = await get<Node>('node', 'n1');
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      return text.test(`${ready?.status} ${ready?.message}`);
    });
  const setClock = async (aheadMs: number) => {
    await writeFile(clockFile(), String(aheadMs));
    await agent.signal('SIGUSR2');
  };
  await setClock(120_000);
  await on.docker.killDaemon();
  await says(
    /^False container runtime is down: no answer at .*docker\.sock\. WARNING: this host's clock is 1\d\d s ahead/,
  );
  await on.docker.startDaemon();
  await says(/^True .*WARNING/);
  await setClock(0);
  await says(/^True wherry agent is posting ready status$/);
});

test('logs come as kubectl asks for them', async () => {
  const text =
    'for i in 1 2 3; do echo line $i; done; sleep 1; echo wrong >&2; sleep 1; echo late; while true; do sleep 1; done';
  const spec = { containers: [{ name: 'main', image: busyboxImage, command: ['sh', '-c', text] }] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'talk' }, spec };
  await on.host.exec('kubectl', ['--kubeconfig', kubeconfig(), 'apply', '-f', '-'], { input: JSON.stringify(pod) });
  await readyPod('talk');
  const follow = on.host.tryExec('timeout', ['5', 'kubectl', '--kubeconfig', kubeconfig(), 'logs', '-f', 'talk']);
  assert.equal((await follow).stdout, 'line 1\nline 2\nline 3\nwrong\nlate\n');
  assert.equal(await kubectl('logs', 'talk', '--tail', '2'), 'wrong\nlate\n');
  assert.equal(await kubectl('logs', 'talk', '--limit-bytes', '4'), 'line');
  assert.match(await kubectl('logs', 'talk', '--timestamps', '--tail', '1'), /^\d{4}-\d\d-\d\dT[\d:.]+Z late\n$/);
  assert.equal(await kubectl('logs', 'talk', '--since-time', new Date(Date.now() + 60_000).toISOString()), '');
  const previous = await on.host.tryExec('kubectl', ['--kubeconfig', kubeconfig(), 'logs', '-p', 'talk']);
  assert.match(previous.stderr, /previous terminated container "main" in pod "talk" not found/);
});

test('pods are probed at their addresses, those on the host at its own', async () => {
  const often = { periodSeconds: 1 };
  const probes = {
    readinessProbe: { httpGet: { path: '/', port: 'http' }, ...often },
    livenessProbe: { tcpSocket: { port: 'http' }, ...often },
  };
  const web = { image: nginxImage, ports: [{ name: 'http', containerPort: 80 }], ...probes };
  const httpd = { image: busyboxImage, command: ['httpd', '-f', '-p', '18080'] };
  const onHost = { ...httpd, ports: [{ name: 'http', containerPort: 18_080 }], ...probes };
  const failing = { readinessProbe: { httpGet: { path: '/nothing', port: 80 }, ...often } };
  const pod = (name: string, container: object, hostNetwork: boolean) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { hostNetwork, terminationGracePeriodSeconds: 1, containers: [{ name: 'main', ...container }] },
  });
  const items = [
    pod('web', web, false),
    pod('on-host', onHost, true),
    pod('lost', { image: nginxImage, ...failing }, false),
  ];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await on.host.exec('kubectl', ['--kubeconfig', kubeconfig(), 'apply', '-f', '-'], { input: list });
  await readyPod('web');
  // httpd has no page there and says 404.
  const told = (name: string) => kubectl('get', 'events', '--field-selector', `involvedObject.name=${name}`);
  const notFound = /Unhealthy.*Readiness probe failed: HTTP probe failed with statuscode: 404/;
  await waitUntil('the host is probed', async () => notFound.test(await told('on-host')));
  await waitUntil('who answers badly is told of', async () => notFound.test(await told('lost')));
  assert.ok(!isReady(await get<Pod>('pod', 'lost')));
  assert.equal((await get<Pod>('pod', 'on-host')).status.containerStatuses?.[0]?.restartCount, 0);
  await kubectl('delete', 'pod', 'web', 'on-host', 'lost');
});

test('agent and master are killed and come again: the same containers, with their names and addresses', async () => {
  const before = await get<Pod>('pod', 'talk');
  await Promise.all([agent.kill('SIGKILL'), server.kill('SIGKILL')]);
  agent = await startAgent();
  // With the master still away the agent finds its pods by itself.
  await waitUntil('the agent goes on alone', async () => /pods of the last time/.test(await agent.readLog()));
  server = await startServer();
  await readyNode();
  assert.deepEqual((await get<Pod>('pod', 'talk')).status, before.status);
  const begun = performance.now();
  await kubectl('delete', 'pod', 'talk', '--grace-period', '1');
  assert.ok(performance.now() - begun < 20_000, 'a second of grace, and not the usual thirty');
  const { stdout } = await on.host.exec('docker', ['-H', `unix://${on.docker.socket}`, 'ps', '-aq']);
  assert.equal(stdout, '');
});
