// The bundle's installer on a machine without Docker Engine: it brings the distribution's, with settings under which pods outlive it and
// logs have an end, unless it is told to install nothing. The machine has no service manager, so the test starts what has to run.
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../bench/command.ts';
import { packageEnvironment } from '../bench/debian-root.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { type CleanMachine, openCleanMachine } from './clean-machine.ts';

const repository = join(import.meta.dirname, '../..');
const settingsFile = 'etc/docker/daemon.json';

let machine: CleanMachine;
let bundle: string;
before(async () => {
  const { stdout } = await runCommand(join(repository, 'scripts/bundle'), ['--archive'], { timeoutMs: 600_000 });
  machine = await openCleanMachine();
  await cp(join(repository, stdout.trim()), join(machine.root, 'root/bundle.tar.gz'));
  bundle = `/root/${(await succeed('cd /root && tar -xzf bundle.tar.gz && ls -d wherry-*')).trim()}`;
});
after(async () => await machine?.close());

async function succeed(command: string, timeoutMs = 900_000): Promise<string> {
  const { code, stdout, stderr } = await machine.run(command, timeoutMs);
  assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
  return stdout;
}

const agent = (token: string) =>
  `${bundle}/install.sh agent --server https://${machine.address}:6443 --token '${token}' --node-name clean`;
const nobodys = `abcdef.0123456789abcdef.${'0'.repeat(64)}`;
const isThere = async (program: string) => (await machine.run(`command -v ${program}`)).code === 0;
const packages = async () => (await succeed('dpkg-query --show | cut -f1')).split('\n');
/** As a service manager does. */
const start = async (program: string, ...args: string[]) =>
  await machine.host.spawn(program, args, { env: packageEnvironment() });
test('a master needs nothing of the distribution', async () => {
  const before = await packages();
  const said = await succeed(`${bundle}/install.sh server --advertise-address ${machine.address}`);
  assert.doesNotMatch(said, /Installing from the distribution/);
  assert.deepEqual(await packages(), before);
  await mkdir(machine.host.folder, { recursive: true });
  await start('/usr/local/bin/wherry', 'server');
  await waitUntil('a token', async () => (await machine.run('wherry token create')).code === 0);
});

test('told to install nothing, a node is told what it lacks', async () => {
  const { code, stdout, stderr } = await machine.run(`${agent(nobodys)} --no-packages`);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /there is no Docker Engine at .*install Docker Engine \(Debian: apt-get install docker\.io\)/s);
  assert.match(stderr, /Nothing has been started/);
  assert.ok(!(await isThere('dockerd')));
});

test('settings for Docker that somebody has made stay', async () => {
  await mkdir(join(machine.root, 'etc/docker'), { recursive: true });
  await writeFile(join(machine.root, settingsFile), '{ "debug": true }\n');
  const { stdout } = await machine.run(`${agent(nobodys)}`, 900_000);
  assert.match(stdout, /Installing from the distribution: .*\bdocker\.io\b/);
  assert.ok(await isThere('dockerd'));
  assert.equal(await readFile(join(machine.root, settingsFile), 'utf8'), '{ "debug": true }\n');
  await succeed('apt-get -qq purge -y docker.io >/dev/null 2>&1; rm -rf /etc/docker /var/lib/docker');
  assert.ok(!(await isThere('dockerd')));
});

test('without any, Docker Engine comes with its own: pods outlive it, and logs have an end', async () => {
  const { code, stdout } = await machine.run(agent(nobodys), 900_000);
  assert.equal(code, 1, 'nothing has started Docker Engine yet');
  assert.match(stdout, /Installing from the distribution: docker\.io\n/);
  const settings = JSON.parse(await readFile(join(machine.root, settingsFile), 'utf8'));
  assert.equal(settings['live-restore'], true);
  await succeed("sh -c '. scripts/machine.sh; ensure_cgroups' scripts/up");
  await start('dockerd', '--host=unix:///var/run/docker.sock');
  await waitUntil('Docker Engine', async () => (await machine.run('docker version')).code === 0);
  assert.equal(await succeed("docker info --format '{{.LiveRestoreEnabled}} {{.LoggingDriver}}'"), 'true json-file\n');
  // A container of anybody gets the limits.
  await succeed(
    'mkdir -p /tmp/empty && tar -C /tmp/empty -c . | docker import - nothing:1 && docker create --name some nothing:1 /x',
  );
  const logs = await succeed("docker inspect some --format '{{json .HostConfig.LogConfig.Config}}'");
  assert.deepEqual(JSON.parse(logs), { 'max-file': '3', 'max-size': '10m' });
  await succeed('docker rm some && docker rmi nothing:1');
});

test('with Docker Engine running the machine becomes a node', async () => {
  const token = (await succeed('wherry token create')).trim();
  const said = await succeed(agent(token));
  assert.doesNotMatch(said, /Installing from the distribution/);
  assert.match(said, /live-restore/);
  assert.match(said, /this host is the node clean of/);
});
