// `wherry up`, and a pod of real nginx that uses what most pods use, looked into and looked at with the oldest and the newest
// kubectl.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isPodReady, type Pod } from '../../src/api/kinds/pod.ts';
import { kubectlPrograms, oldestAndNewest } from '../api/kubectls.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';

const wherry = join(import.meta.dirname, '../../bin/wherry');
const manifest = join(import.meta.dirname, 'nginx.yaml');
const ends = await oldestAndNewest();

let hosts: Hosts;
let on: DockerHost;
let up: HostProcess;
before(async () => {
  hosts = await openHosts({ names: ['a'] });
  on = hosts.host('a');
  await ensureImages(on.docker.socket);
  await start();
  await waitUntil(
    'the manifest is taken',
    async () => (await tryKubectl('kubectl', 'apply', '-f', manifest)).code === 0,
  );
  await waitUntil('the pod is ready', async () => isPodReady(await pod()));
});
after(async () => {
  await hosts?.close();
});

async function start(): Promise<void> {
  const { host, address } = on;
  const flags = ['--data-dir', join(host.folder, 'wherry'), '--advertise-address', address, '--node-name', 'a'];
  flags.push('--write-kubeconfig', join(host.folder, 'kubeconfig'), '--docker-socket', on.docker.socket);
  up = await host.spawn(wherry, ['up', ...flags], { log: 'up.log' });
}

const tryKubectl = (program: string, ...args: string[]) =>
  on.host.tryExec(program, ['--kubeconfig', join(on.host.folder, 'kubeconfig'), ...args], { timeoutMs: 60_000 });

async function kubectl(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(program, ...args);
  assert.equal(code, 0, `${program} ${args.join(' ')}: ${stderr}\n${(await up.readLog()).slice(-3000)}`);
  return stdout;
}

async function pod(): Promise<Pod> {
  return JSON.parse(await kubectl('kubectl', 'get', 'pod', 'web', '-o', 'json')) as Pod;
}

test('the pod is all that its manifest says', async () => {
  const { status } = await pod();
  assert.equal(status.qosClass, 'Burstable');
  assert.deepEqual(
    status.containerStatuses?.map(({ name, ready, started, restartCount }) => [name, ready, started, restartCount]),
    [
      ['beside', true, true, 0],
      ['nginx', true, true, 0],
    ],
  );
  assert.equal(status.initContainerStatuses?.[0]?.state?.terminated?.reason, 'Completed');
  const page = await on.host.exec('curl', ['-sf', `http://${status.podIP}/`]);
  assert.equal(page.stdout, 'hello of web\n');
});

for (const { program, minor } of ends)
  describe(`kubectl 1.${minor}`, () => {
    test('logs', async () => {
      assert.match(await kubectl(program, 'logs', 'web', '-c', 'beside'), /^hello of web$/m);
      assert.match(await kubectl(program, 'logs', 'web', '-c', 'nginx', '--tail=5'), /GET \/(healthy)? HTTP/);
    });

    test('exec', async () => {
      const asked = ['exec', 'web', '-c', 'beside', '--', 'wget', '-qO-', 'http://127.0.0.1/'];
      assert.equal(await kubectl(program, ...asked), 'hello of web\n');
      const failing = await tryKubectl(program, 'exec', 'web', '-c', 'nginx', '--', 'nginx', '-t', '-c', '/absent');
      assert.equal(failing.code, 1);
    });

    test('cp, there and back', async () => {
      const [there, back] = [join(on.host.folder, `there-${minor}`), join(on.host.folder, `back-${minor}`)];
      await on.host.exec('sh', ['-c', `head -c 3000000 /dev/urandom >${there}`]);
      await kubectl(program, 'cp', there, `web:/tmp/copied-${minor}`, '-c', 'beside');
      await kubectl(program, 'cp', `web:/tmp/copied-${minor}`, back, '-c', 'beside');
      await on.host.exec('cmp', [there, back]);
    });

    test('port-forward', async () => {
      const port = String(18_000 + minor);
      const args = ['--kubeconfig', join(on.host.folder, 'kubeconfig'), 'port-forward', 'pod/web', `${port}:80`];
      const forwarding = await on.host.spawn(program, args, { log: `forward-${minor}.log` });
      try {
        await waitUntil('it forwards', async () => (await forwarding.readLog()).includes('Forwarding from 127.0.0.1'));
        const page = await on.host.exec('curl', ['-sf', `http://127.0.0.1:${port}/`]);
        assert.equal(page.stdout, 'hello of web\n');
      } finally {
        await forwarding.kill('SIGTERM');
      }
    });

    test('describe', async () => {
      const told = await kubectl(program, 'describe', 'pod', 'web');
      for (const line of [
        /^Status: +Running$/m,
        /^ +Liveness: +http-get http:\/\/:http\/healthy delay=0s timeout=1s period=10s #success=1 #failure=3$/m,
        /^ +Startup: +tcp-socket :http delay=0s timeout=1s period=1s #success=1 #failure=3$/m,
        /^ +memory: +64Mi$/m,
        /^QoS Class: +Burstable$/m,
        /^ +Normal +Scheduled .* Successfully assigned default\/web to a$/m,
        /^ +Normal +Pulled .* Container image "wherry-test\/nginx:1" already present on machine$/m,
        /^ +Normal +Created +.*Created container: nginx$/m,
        /^ +Normal +Started +.*Started container nginx$/m,
      ])
        assert.match(told, line);
    });
  });

// The debug of 1.20 speaks an API that Kubernetes itself has removed since: the oldest here that does not is asked.
for (const program of (await kubectlPrograms()).slice(-2))
  test(`debug with ${program.split('/').pop()}`, async () => {
    const name = `look-${program.replaceAll(/\W/g, '')}`.slice(-40);
    const look = ['sh', '-c', 'wget -qO- http://127.0.0.1/; ps | grep -q "[n]ginx: master" && echo seen'];
    await kubectl(program, 'debug', 'web', `--image=${busyboxImage}`, '-c', name, '--target=nginx', '--', ...look);
    const ended = await waitUntil('it has looked', async () => {
      const statuses = (await pod()).status.ephemeralContainerStatuses ?? [];
      return statuses.find((status) => status.name === name)?.state?.terminated;
    });
    assert.equal(ended.exitCode, 0);
    assert.match(await kubectl(program, 'logs', 'web', '-c', name), /^hello of web\nseen\n$/);
  });

test('nginx that fails its probe is restarted, with the same page', async () => {
  const { metadata, status } = await pod();
  await kubectl('kubectl', 'exec', 'web', '-c', 'nginx', '--', 'nginx', '-c', '/settings/nginx.conf', '-s', 'stop');
  const again = await waitUntil('nginx runs again', async () => {
    const found = await pod();
    const nginx = found.status.containerStatuses?.find(({ name }) => name === 'nginx');
    return nginx?.restartCount === 1 && nginx.ready && found;
  });
  assert.equal(again.metadata.uid, metadata.uid);
  assert.equal(again.status.podIP, status.podIP);
  const page = await on.host.exec('curl', ['-sf', `http://${status.podIP}/`]);
  assert.equal(page.stdout, 'hello of web\n');
});

test('deleted, nothing is left of it', async () => {
  await kubectl('kubectl', 'delete', 'pod', 'web');
  const { stdout } = await on.host.exec('docker', [
    '--host',
    `unix://${on.docker.socket}`,
    'ps',
    '--all',
    '--quiet',
    '--filter',
    'label=io.kubernetes.pod.name=web',
  ]);
  assert.equal(stdout, '');
});

test('its Node deleted, the host joins anew when it is started again', async () => {
  await kubectl('kubectl', 'delete', 'node', 'a');
  await up.kill('SIGTERM');
  await start();
  await waitUntil(
    'the node is ready',
    async () => (await tryKubectl('kubectl', 'wait', 'node', 'a', '--for=condition=Ready', '--timeout=1s')).code === 0,
    { timeoutMs: 60_000 },
  );
});
