// Ports of the host lead to pods: from other hosts, from the host itself and its loopback, from pods; they outlive the agent
// and end with the pod. Containers run with crun here, where Docker has been told of it and where it has not.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { OneNode } from './one-node.ts';

let one: OneNode;
before(async () => {
  one = await OneNode.open();
});
after(async () => {
  await one?.close();
});

const serve = (text: string) => `mkdir /www && printf ${text} >/www/index.html && exec httpd -f -p 80 -h /www`;

async function applyServer(
  name: string,
  port: { containerPort: number; hostPort: number; hostIP?: string },
): Promise<void> {
  const readinessProbe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1 };
  const command = ['sh', '-c', serve(name)];
  const container = { name: 'main', image: busyboxImage, command, ports: [port], readinessProbe };
  await one.applyPod(name, {}, { containers: [container] });
}

/** What this address and port answer to a host; empty where nobody does. */
async function ask(from: 'client' | 'host', target: string): Promise<string> {
  const host = from === 'client' ? one.hosts.client.host : one.on.host;
  return (await host.tryExec('curl', ['-s', '--max-time', '2', `http://${target}/`])).stdout;
}

test('a port of the host answers to all who reach the host', async () => {
  const { address } = one.on;
  await applyServer('web', { containerPort: 80, hostPort: 8080 });
  await applyServer('here', { containerPort: 80, hostPort: 8081, hostIP: '127.0.0.1' });
  await one.applyPod('asker', { main: 'sleep 1000' });
  await Promise.all(['web', 'here', 'asker'].map((name) => one.podReady(name)));
  assert.equal(await ask('client', `${address}:8080`), 'web');
  assert.equal(await ask('host', `${address}:8080`), 'web');
  assert.equal(await ask('host', '127.0.0.1:8080'), 'web');
  assert.equal(await ask('host', '127.0.0.1:8081'), 'here');
  assert.equal(await ask('client', `${address}:8081`), '', 'on the loopback alone');
  const asker = (await one.get<{ status: { containerStatuses: { containerID: string }[] } }>('pod', 'asker')).status;
  const id = asker.containerStatuses[0]?.containerID.replace('docker://', '') ?? '';
  const socket = `unix://${one.on.docker.socket}`;
  const fromPod = ['-H', socket, 'exec', id, 'wget', '-q', '-O', '-', `http://${address}:8080/`];
  assert.equal((await one.on.host.tryExec('docker', fromPod, { timeoutMs: 10_000 })).stdout, 'web');
  // The rule is for the host's own addresses: the port of others is theirs.
  const { stdout } = await one.on.host.exec('iptables', ['-t', 'nat', '-S', 'WHERRY-HOSTPORTS']);
  assert.match(stdout, /^-A WHERRY-HOSTPORTS -m addrtype ! --dst-type LOCAL -j RETURN$/m);
});

test('ports go on while no agent runs, and with the next one', async () => {
  const { address } = one.on;
  await one.agent?.kill('SIGKILL');
  assert.equal(await ask('client', `${address}:8080`), 'web');
  await one.startAgent();
  // The new agent is there when it makes a pod; the port has answered all the time.
  await applyServer('later', { containerPort: 80, hostPort: 8082 });
  const ready = one.podReady('later');
  let answers = 0;
  await waitUntil('the pod of the new agent', async () => {
    assert.equal(await ask('client', `${address}:8080`), 'web');
    answers += 1;
    return (await ask('client', `${address}:8082`)) === 'later';
  });
  assert.ok(answers > 1);
  await ready;
});

test('a port ends with its pod', async () => {
  await one.kubectl('delete', 'pod', 'web', 'later', '--wait');
  assert.equal(await ask('client', `${one.on.address}:8080`), '');
  const { stdout } = await one.on.host.exec('iptables-save', ['-t', 'nat']);
  assert.equal(stdout.match(/--dport 808[02] /g), null);
  assert.match(stdout, /--dport 8081 /);
});

test('crun runs pods as soon as Docker knows it', async () => {
  const runtimeClass = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'quick' },
    handler: 'crun',
  };
  await one.apply(runtimeClass);
  await one.applyPod('quick', { main: 'sleep 1000' }, { runtimeClassName: 'quick' });
  const says = /no runtime for "crun" is configured in Docker.*; \/usr\/bin\/crun is installed: add (\{.*\}) to/;
  const setting = await waitUntil('the event', async () => {
    const [, found] = says.exec(await one.kubectl('get', 'events', '-o', 'jsonpath={.items[*].message}')) ?? [];
    return found;
  });
  // As the event says.
  await writeFile(join(one.on.docker.folder, 'daemon.json'), setting);
  await one.on.docker.reload();
  const pod = await one.podReady('quick');
  const id = pod.status.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
  const inspect = ['-H', `unix://${one.on.docker.socket}`, 'inspect', '--format', '{{.HostConfig.Runtime}}', id];
  assert.equal((await one.on.host.exec('docker', inspect)).stdout.trim(), 'crun');
});
