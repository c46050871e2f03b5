// Two hosts, a dockerd each, and a client outside the cluster: nginx answers on every node's port, also while a pod goes
// and after the programs were killed.
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
const resolveProgram = join(import.meta.dirname, '../network/resolve.ts');
const requestStream = join(import.meta.dirname, 'request-stream.ts');

let cluster: Cluster;
const urls = () => cluster.hosts.hosts.map(({ address }) => `http://${address}:30080/`);
const nginxPods = async () => (await cluster.kubectlJson<{ items: Pod[] }>('get', 'pods', '-l', 'app=nginx')).items;

before(async () => {
  cluster = await Cluster.open();
});
after(async () => {
  await cluster?.close();
});

async function fetchPage(url: string): Promise<string> {
  const { stdout } = await cluster.hosts.client.host.exec('curl', ['--silent', '--fail', '--max-time', '2', url]);
  return stdout;
}

/** Runs the action while the outside client asks both nodes a hundred times a second, each time on a new connection. */
async function underRequests(action: () => Promise<void>): Promise<StreamReport> {
  const { host } = cluster.hosts.client;
  const stream = await host.spawn(node, [requestStream, '100', ...urls()], { log: `requests-${Date.now()}.log` });
  await waitUntil('the first request', async () => (await stream.readLog()).includes('{}'));
  try {
    await action();
  } finally {
    await stream.kill('SIGTERM');
  }
  return JSON.parse((await stream.readLog()).trim().split('\n').at(-1) ?? '') as StreamReport;
}

/** Every container on both hosts, with when it was started: what must not change when only our programs die. */
async function runningContainers(): Promise<string[]> {
  const perHost = cluster.hosts.hosts.map(async ({ docker }) => {
    const engine = new Docker({ socketPath: docker.socket });
    const containers = await engine.listContainers({ all: true });
    return Promise.all(
      containers.map(async ({ Id }) => {
        const { State, RestartCount } = await engine.getContainer(Id).inspect();
        return [Id, State.Status, State.StartedAt, RestartCount].join(' ');
      }),
    );
  });
  return (await Promise.all(perHost)).flat().sort();
}

/** A change after which everything is as it was: the same containers, the same pods, and a cluster that does its work. */
async function assertUnchanged(change: () => Promise<void>): Promise<void> {
  const containers = await runningContainers();
  const restarts = (pods: Pod[]) =>
    pods
      .map(({ metadata, status }) =>
        [metadata.uid, status.podIP, status.containerStatuses?.[0]?.restartCount].join(' '),
      )
      .sort();
  const pods = restarts(await nginxPods());
  await change();
  await waitUntil('the API', async () => (await cluster.kubectl('get', '--raw', '/readyz')) === 'ok');
  await cluster.nodesReady();
  // Only a cluster whose parts all live rolls out one more replica and takes it back.
  await cluster.kubectl('scale', 'deployment/nginx', '--replicas=3');
  await cluster.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=30s');
  await cluster.kubectl('scale', 'deployment/nginx', '--replicas=2');
  await waitUntil('two pods', async () => (await nginxPods()).length === 2);
  await waitUntil(
    'no container of the third pod',
    async () => (await runningContainers()).length === containers.length,
  );
  assert.deepEqual(await runningContainers(), containers, 'no container was restarted or made anew');
  assert.deepEqual(restarts(await nginxPods()), pods);
  for (const url of urls()) assert.match(await fetchPage(url), /Welcome to nginx!/);
}

describe('nginx on two hosts', () => {
  test('two replicas run on two hosts and answer on the port of both', async () => {
    await cluster.applyExample('nginx.yaml', nginxImage);
    await cluster.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=60s');
    const nodes = (await nginxPods()).map(({ spec }) => spec.nodeName).sort();
    assert.deepEqual(nodes, ['a', 'b'], 'the replicas are spread');
    for (const url of urls()) {
      await waitUntil(`an answer of ${url}`, async () => (await fetchPage(url)).includes('Welcome to nginx!'), {
        timeoutMs: 5_000,
      });
    }
  });

  test('each node leads to the pods of both', async () => {
    const logsOf = async ({ metadata }: Pod) => cluster.kubectl('logs', metadata.name);
    const pods = await nginxPods();
    for (const url of urls()) {
      const countsBefore = await Promise.all(pods.map(async (pod) => (await logsOf(pod)).split('\n').length));
      for (let count = 0; count < 30; count++) await fetchPage(url);
      await waitUntil('a line in both logs', async () => {
        const counts = await Promise.all(pods.map(async (pod) => (await logsOf(pod)).split('\n').length));
        return counts.every((count, index) => count > (countsBefore[index] ?? 0));
      });
    }
  });

  test('the service answers by name from a pod on each host', async () => {
    for (const pod of await nginxPods()) {
      const host = cluster.hosts.host(pod.spec.nodeName ?? '');
      const engine = new Docker({ socketPath: host.docker.socket });
      const filters = { label: [`io.kubernetes.pod.uid=${pod.metadata.uid}`, 'io.kubernetes.container.name=POD'] };
      const [pause] = await engine.listContainers({ filters: JSON.stringify(filters) });
      const { State } = await engine.getContainer(pause?.Id ?? '').inspect();
      const inPod = ['--target', String(State.Pid), '--net', '--'];
      const { stdout } = await host.host.exec('nsenter', [
        ...inPod,
        node,
        resolveProgram,
        '10.43.0.10',
        'A',
        'nginx.default.svc.cluster.local',
      ]);
      const [address] = JSON.parse(stdout) as string[];
      assert.ok(address, stdout);
      assert.match(address, /^10\.43\./);
      const page = await host.host.exec('nsenter', [
        ...inPod,
        'curl',
        '--silent',
        '--max-time',
        '2',
        `http://${address}/`,
      ]);
      assert.match(page.stdout, /Welcome to nginx!/);
    }
  });

  test('each pod reaches the API by its service, in the name of its account', async () => {
    for (const { metadata, spec } of await nginxPods()) {
      const { host, docker } = cluster.hosts.host(spec.nodeName ?? '');
      const engine = new Docker({ socketPath: docker.socket });
      const name = spec.containers[0]?.name;
      const label = [`io.kubernetes.pod.uid=${metadata.uid}`, `io.kubernetes.container.name=${name}`];
      const [container] = await engine.listContainers({ filters: JSON.stringify({ label }) });
      const { State } = await engine.getContainer(container?.Id ?? '').inspect();
      const access = `/proc/${State.Pid}/root/var/run/secrets/kubernetes.io/serviceaccount`;
      const read = async (file: string) => (await host.exec('cat', [join(access, file)])).stdout;
      assert.equal(await read('namespace'), 'default');
      const curl = ['curl', '--silent', '--max-time', '2', '--cacert', join(access, 'ca.crt')];
      const { stdout } = await host.exec('nsenter', [
        ...['--target', String(State.Pid), '--net', '--', ...curl],
        ...['--header', `Authorization: Bearer ${await read('token')}`, '--header', 'Content-Type: application/json'],
        ...['--data', '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}'],
        'https://10.43.0.1/apis/authentication.k8s.io/v1/selfsubjectreviews',
      ]);
      const { status } = JSON.parse(stdout) as { status: { userInfo: { username: string } } };
      assert.equal(status.userInfo.username, 'system:serviceaccount:default:default', stdout);
    }
  });

  test('no request fails after one retry while one of the two pods is deleted, again and again', async (t) => {
    const deletions = Number(process.env.WHERRY_TEST_DELETIONS ?? 8);
    const report = await underRequests(async () => {
      for (let count = 0; count < deletions; count++) {
        const [victim] = await nginxPods();
        await cluster.kubectl('delete', 'pod', victim?.metadata.name ?? '', '--wait=true');
        await waitUntil('two ready pods', async () => {
          const pods = await nginxPods();
          return pods.length === 2 && pods.every(isPodReady);
        });
      }
    });
    t.diagnostic(`${report.requests} requests in ${report.seconds.toFixed(1)} s, ${report.retried} retried`);
    assert.deepEqual(report.failures, []);
    assert.ok(report.retried <= report.requests / 50, `${report.retried} of ${report.requests} had to be tried again`);
    assert.ok(report.requests / report.seconds >= 95, `only ${report.requests} requests in ${report.seconds} s`);
    assert.ok(report.requests >= 300, 'the deletions were over before they could be watched');
  });

  test('kill -9 of the master: everything is as before', async () => {
    await assertUnchanged(async () => {
      await cluster.kill('server');
      await cluster.startServer();
    });
  });

  test('kill -9 of an agent: everything is as before', async () => {
    await assertUnchanged(async () => {
      await cluster.kill('b');
      await cluster.startAgent(cluster.hosts.host('b'));
    });
  });

  test('kill -9 of the master and both agents: the page goes on, and everything is as before', async () => {
    await assertUnchanged(async () => {
      const report = await underRequests(async () => {
        await Promise.all(['server', 'a', 'b'].map((name) => cluster.kill(name)));
        for (const url of urls()) assert.match(await fetchPage(url), /Welcome to nginx!/);
        await Promise.all([cluster.startServer(), ...cluster.hosts.hosts.map((host) => cluster.startAgent(host))]);
      });
      assert.deepEqual(report.failures, []);
    });
  });
});
