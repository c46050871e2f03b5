// Volumes of a node with a real master, under its rules of who may read what: changes come by watches of single objects,
// tokens are taken by the API, and all goes on when the master was killed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Docker from 'dockerode';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';
import { isReady } from './pod-bench.ts';

const wherry = join(import.meta.dirname, '../../bin/wherry');
let bench: Hosts;
let on: DockerHost;
let server: HostProcess;
before(async () => {
  bench = await openHosts({ names: ['a'] });
  on = bench.host('a');
  await ensureImages(on.docker.socket);
  server = await startServer();
  const token = (await on.host.exec(wherry, ['token', 'create', '--kubeconfig', kubeconfig()])).stdout.trim();
  const places = ['--data-dir', join(on.host.folder, 'wherry'), '--docker-socket', on.docker.socket];
  const args = ['agent', '--server', `https://${on.address}:6443`, '--node-name', 'n1', '--token', token, ...places];
  await on.host.spawn(wherry, args, { log: 'agent.log' });
});
after(async () => {
  await bench?.close();
});

const kubeconfig = () => join(on.host.folder, 'kubeconfig');

async function startServer(): Promise<HostProcess> {
  const args = ['server', '--data-dir', join(on.host.folder, 'wherry'), '--advertise-address', on.address];
  const started = await on.host.spawn(wherry, [...args, '--write-kubeconfig', kubeconfig()], { log: 'server.log' });
  await waitUntil('the API', async () => (await kubectl('get', '--raw', '/readyz')) === 'ok');
  return started;
}

async function kubectl(...args: string[]): Promise<string> {
  return (await on.host.exec('kubectl', ['--kubeconfig', kubeconfig(), ...args])).stdout;
}

/** What a shell in the pod's container says. */
async function inside(script: string): Promise<string> {
  const docker = new Docker({ socketPath: on.docker.socket });
  const filters = JSON.stringify({ label: ['io.kubernetes.pod.name=app', 'io.kubernetes.container.name=main'] });
  const [container] = await docker.listContainers({ filters });
  const args = ['-H', `unix://${on.docker.socket}`, 'exec', container?.Id ?? '', 'sh', '-c', script];
  return (await on.host.exec('docker', args)).stdout;
}

const saysNow = (script: string, wanted: string) =>
  waitUntil(`"${script}" says "${wanted}"`, async () => (await inside(script)) === wanted, { timeoutMs: 10_000 });

test('a change reaches a running container, also after the master was killed', async () => {
  await kubectl('create', 'configmap', 'settings', '--from-literal=color=blue');
  await kubectl('create', 'secret', 'generic', 'login', '--from-literal=password=one');
  const volumes = [
    { name: 'settings', configMap: { name: 'settings' } },
    { name: 'login', secret: { secretName: 'login' } },
    {
      name: 'about',
      downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
    },
  ];
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
  const spec = {
    containers: [{ name: 'main', image: busyboxImage, command: ['sleep', '10000'], volumeMounts }],
    volumes,
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app', labels: { tier: 'front' } }, spec };
  await on.host.exec('kubectl', ['--kubeconfig', kubeconfig(), 'apply', '-f', '-'], { input: JSON.stringify(pod) });
  await waitUntil('the pod is ready', async () =>
    isReady(JSON.parse(await kubectl('get', 'pod', 'app', '-o', 'json')) as Pod),
  );
  assert.equal(await inside('cat /settings/color /login/password /about/labels'), 'blueonetier="front"');

  const set = (kind: string, name: string, body: object) =>
    kubectl('patch', kind, name, '--type=merge', '-p', JSON.stringify(body));
  await set('configmap', 'settings', { data: { color: 'red' } });
  await set('secret', 'login', { stringData: { password: 'two' } });
  await kubectl('label', 'pod', 'app', 'tier=back', '--overwrite');
  await saysNow('cat /settings/color /login/password /about/labels', 'redtwotier="back"');

  await server.kill('SIGKILL');
  server = await startServer();
  await set('configmap', 'settings', { data: { color: 'white' } });
  await saysNow('cat /settings/color', 'white');
});

test('the token of a pod is one that the API takes, of the pod itself', async () => {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
  assert.equal(await inside(`cat ${folder}/namespace; stat -f -c %T ${folder}`), 'defaulttmpfs\n');
  const token = await inside(`cat ${folder}/token`);
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const { stdout } = await on.host.exec('kubectl', ['--kubeconfig', kubeconfig(), 'create', '-o', 'json', '-f', '-'], {
    input: JSON.stringify(review),
  });
  const { authenticated, user } = JSON.parse(stdout).status;
  assert.deepEqual([authenticated, user.username], [true, 'system:serviceaccount:default:default']);
  assert.deepEqual(user.extra['authentication.kubernetes.io/pod-name'], ['app']);
});
