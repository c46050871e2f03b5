// The bench itself: hosts reach each other, each runs containers of its own, and nothing is left when it closes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { ensureImages, nginxImage } from '../images/images.ts';
import { type DockerHost, type Hosts, type LanHost, openHosts } from './hosts.ts';
import { observeLeftovers, runName } from './leftovers.ts';
import { observeTrees } from './process-table.ts';
import { waitUntil } from './wait-until.ts';

let bench: Hosts;
before(async () => {
  bench = await openHosts({ names: ['a', 'b', 'far'], beyondRouter: ['far'], dockerIptables: true });
});
after(async () => {
  await bench.close();
});

async function docker(on: DockerHost, ...args: string[]): Promise<string> {
  const { stdout } = await on.host.exec('docker', ['-H', `unix://${on.docker.socket}`, ...args]);
  return stdout.trim();
}

async function fetchWelcome(from: LanHost, to: LanHost): Promise<boolean> {
  const { stdout } = await from.host.exec('curl', ['-sS', '--max-time', '2', `http://${to.address}/`]);
  return stdout.includes('Welcome to nginx!');
}

test('hosts have names and loopbacks of their own', async () => {
  assert.equal((await bench.host('a').host.exec('hostname')).stdout, 'a\n');
  assert.equal((await bench.host('b').host.exec('hostname')).stdout, 'b\n');
  const server = createServer((_request, response) => response.end('this machine')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  assert.equal(await (await fetch(url)).text(), 'this machine');
  const { code } = await bench.host('a').host.tryExec('curl', ['-sS', '--max-time', '2', url]);
  assert.equal(code, 7, 'curl is refused');
  server.closeAllConnections();
  server.close();
});

test('each host runs containers of its own, which answer the other hosts and the client', async () => {
  for (const on of bench.hosts) {
    await ensureImages(on.docker.socket);
    await docker(on, 'run', '--detach', '--name', 'web', '--network', 'host', '--memory', '64m', nginxImage);
    assert.equal(await waitUntil(`nginx of ${on.host.name}`, () => fetchWelcome(bench.client, on)), true);
    assert.equal(await docker(on, 'ps', '--format', '{{.Names}}'), 'web');
  }
  assert.equal(await fetchWelcome(bench.host('a'), bench.host('b')), true);
  assert.equal(await fetchWelcome(bench.host('b'), bench.host('a')), true);
});

/** Whether it is refused there, for nobody listens. */
async function reaches(from: LanHost, to: Pick<LanHost, 'address'>): Promise<boolean> {
  const { stderr } = await from.host.tryExec('curl', ['-sv', '--max-time', '1', `http://${to.address}:9/`]);
  return /Connection refused/.test(stderr);
}

test('a host beyond the router is reached by it, and by no link of its own', async () => {
  const far = bench.host('far');
  assert.equal(await reaches(far, bench.host('a')), true);
  assert.equal(await reaches(bench.client, far), true);
  const { stdout } = await bench.host('a').host.exec('ip', ['route', 'get', far.address]);
  assert.match(stdout, /via 172\.31\.200\.1 /);
});

test('a host that is cut off is reached by nobody and notices nothing, until it is healed', async () => {
  const [a, b, far] = ['a', 'b', 'far'].map((name) => bench.host(name)) as [DockerHost, DockerHost, DockerHost];
  for (const cut of [b, far]) {
    await cut.partition();
    assert.deepEqual([await reaches(a, cut), await reaches(cut, a)], [false, false]);
    assert.match((await cut.host.exec('ip', ['-br', 'link', 'show', 'eth0'])).stdout, /UP.*LOWER_UP/);
    await cut.heal();
    await waitUntil('healed', async () => (await reaches(a, cut)) && (await reaches(cut, a)));
  }
});

test('a host takes another address and is reached there', async () => {
  const far = bench.host('far');
  const before = { address: far.address };
  await far.readdress(77);
  assert.equal(far.address, '172.31.201.77');
  assert.deepEqual([await reaches(bench.host('a'), far), await reaches(bench.host('a'), before)], [true, false]);
});

test("with Docker's own iptables rules on, FORWARD is dropped on a host and not on this machine", async () => {
  const { stdout } = await bench.host('a').host.exec('iptables', ['-S', 'FORWARD']);
  assert.match(stdout, /^-P FORWARD DROP$/m);
});

test("a container's control group is below its host's", async () => {
  const on = bench.host('a');
  const pid = await docker(on, 'inspect', '--format', '{{.State.Pid}}', 'web');
  const { stdout } = await on.host.exec('cat', [`/proc/${pid}/cgroup`]);
  assert.match(stdout, /^\d+:(memory)?:\/docker\/[0-9a-f]{64}$/m);
  const limit = await on.host.exec('sh', [
    '-c',
    'cat /sys/fs/cgroup/memory/docker/*/memory.limit_in_bytes /sys/fs/cgroup/docker/*/memory.max 2>/dev/null; true',
  ]);
  assert.match(limit.stdout, /^67108864$/m);
});

test('a process started on a host is signalled itself, and its end is seen', async () => {
  const sleeper = await bench.host('a').host.spawn('sleep', ['1000']);
  const pid = await sleeper.pid();
  await waitUntil(
    'sleep has become itself',
    async () => (await readFile(`/proc/${pid}/cmdline`, 'utf8')) === 'sleep\u00001000\u0000',
  );
  await sleeper.kill('SIGTERM');
  assert.deepEqual(await sleeper.exited, { code: null, signal: 'SIGTERM' });
});

test('containers outlive a killed dockerd', async () => {
  const on = bench.host('a');
  const before = await docker(on, 'inspect', '--format', '{{.State.StartedAt}}', 'web');
  await on.docker.killDaemon();
  assert.equal(await fetchWelcome(bench.client, on), true);
  await on.docker.startDaemon();
  assert.equal(await docker(on, 'inspect', '--format', '{{.State.StartedAt}}', 'web'), before);
});

test("a host that lost its power boots again with its containers' files", async () => {
  const on = bench.host('b');
  await on.kill();
  await assert.rejects(fetchWelcome(bench.client, on));
  await on.boot();
  assert.equal(await docker(on, 'ps', '--all', '--format', '{{.Names}} {{.State}}'), 'web exited');
  await docker(on, 'start', 'web');
  assert.equal(await waitUntil('nginx after the boot', () => fetchWelcome(bench.client, on)), true);
});

test('closing leaves no process, no mount, no control group and no folder', async () => {
  const own = () => observeTrees((entry) => entry.command.some((argument) => argument.includes(runName)));
  assert.notDeepEqual(own(), []);
  await bench.close();
  assert.deepEqual(own(), []);
  assert.equal((await readFile('/proc/self/mountinfo', 'utf8')).includes(runName), false);
  assert.deepEqual(
    (await observeLeftovers()).filter((path) => path.includes(runName)),
    [],
  );
});
