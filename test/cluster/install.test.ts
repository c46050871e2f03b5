// The bundle on two bare hosts in a closed network: no registry, no npm, no Docker images but those of the bundle. From the archive to
// nginx answering outside, twice without a change, and back to the hosts as they were.
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type CommandOutcome, runCommand } from '../bench/command.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { ensureImages, nginxImage } from '../images/images.ts';
import { networkViews, observe, otherViews, type Views, whenAtRest } from './host-views.ts';
import { changedFiles, ownFolders } from './own-folders.ts';

const root = join(import.meta.dirname, '../..');
const views = {
  ...networkViews,
  ...otherViews,
  'control groups': 'find /sys/fs/cgroup -type d | grep -E "kubepods|/wherry" | sort; true',
};

const volumes = '/var/lib/wherry/volumes';

let hosts: Hosts;
let archive: string;
let atFirst: Record<string, Views>;
const processes = new Map<string, HostProcess>();
const a = () => hosts.host('a');
const b = () => hosts.host('b');

const shell = async ({ host }: DockerHost, command: string): Promise<CommandOutcome> =>
  await host.tryExec('sh', ['-c', command], { timeoutMs: 120_000 });

async function succeed(on: DockerHost, command: string): Promise<string> {
  const { code, stdout, stderr } = await shell(on, command);
  assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
  return stdout;
}

/** As a service manager does, which these hosts have none of. */
async function keepRunning(on: DockerHost, role: string): Promise<void> {
  const process = await on.host.spawn('/usr/local/bin/wherry', [role], { log: `${role}.log` });
  processes.set(`${on.host.name} ${role}`, process);
}

/** With a home elsewhere, where it keeps what it has learned. */
const asAdmin = () => `HOME=${a().host.folder} kubectl --kubeconfig /etc/wherry/kubeconfig`;
const kubectl = async (command: string) => await succeed(a(), `${asAdmin()} ${command}`);
const unpacked = (on: DockerHost) => join(on.host.folder, 'bundle', 'wherry-0.1.0-linux-x64');
const install = (on: DockerHost, rest: string) => `${unpacked(on)}/install.sh ${rest}`;
const agentOf = (on: DockerHost, token: string) =>
  `agent --server https://${a().address}:6443 --token ${token} --node-name ${on.host.name} --docker-socket ${on.docker.socket}`;
const newToken = async () => (await succeed(a(), 'wherry token create')).trim();

before(async () => {
  hosts = await openHosts({ dockerIptables: true });
  const images = join(tmpdir(), `wherry-bundle-images-${process.pid}`);
  await mkdir(images);
  await ensureImages(a().docker.socket);
  await runCommand('docker', [
    '-H',
    `unix://${a().docker.socket}`,
    'save',
    '-o',
    join(images, 'nginx.tar'),
    nginxImage,
  ]);
  await runCommand('docker', ['-H', `unix://${a().docker.socket}`, 'rmi', nginxImage, 'wherry-test/busybox:1']);
  const { stdout } = await runCommand(join(root, 'scripts/bundle'), ['--archive', '--images', images], {
    timeoutMs: 600_000,
  });
  archive = join(root, stdout.trim());
  await rm(images, { recursive: true });
  for (const host of hosts.hosts) {
    await ownFolders(host);
    await mkdir(join(host.host.folder, 'bundle'));
    await runCommand('tar', ['-xzf', archive, '-C', join(host.host.folder, 'bundle')]);
    await whenAtRest(host);
  }
  atFirst = { a: await observe(a(), views), b: await observe(b(), views) };
});
after(async () => await hosts?.close());

test('the bundle is refused where it is damaged, and what it is told where that is wrong', async () => {
  const damaged = join(b().host.folder, 'damaged');
  await succeed(
    b(),
    `cp -rl ${unpacked(b())} ${damaged} && echo x >${damaged}/new && mv ${damaged}/new ${damaged}/program/wherry.mjs`,
  );
  const cases: [command: string, code: number, says: RegExp][] = [
    [`${damaged}/install.sh server`, 1, /bundle is damaged: fetch it again.*program\/wherry\.mjs: FAILED/s],
    [install(b(), ''), 2, /install\.sh server \[--KEY VALUE/],
    [install(b(), 'server --https-port'), 2, /--https-port needs a value/],
    [install(b(), 'server --https-prot 7443'), 1, /unknown key "https-prot"; the nearest known one is "https-port"/],
    [install(b(), 'server extra'), 2, /What is extra/],
    [`setpriv --reuid 65534 ${install(b(), 'server')}`, 1, /Run this as root/],
    [`${root}/scripts/install.sh server`, 2, /Make a bundle with `scripts\/bundle --archive`/],
  ];
  for (const [command, code, says] of cases) {
    const outcome = await shell(b(), command);
    assert.equal(outcome.code, code, command);
    assert.match(outcome.stdout + outcome.stderr, says);
  }
  assert.equal((await shell(b(), 'ls /etc/wherry/config.yaml')).code, 2);
});

test('a master is installed, and a host that does not join is told why and left alone', async () => {
  const said = await succeed(a(), install(a(), `server --advertise-address ${a().address}`));
  assert.match(said, /Installed the program: wherry 0\.1\.0.*\nLooking at this host:\n.*port +port 6443 is free/s);
  await keepRunning(a(), 'server');
  await waitUntil('the API', async () => (await kubectl('get --raw /readyz')) === 'ok');
  const wrong = `abcdef.0123456789abcdef.${'0'.repeat(64)}`;
  const { code, stderr } = await shell(b(), install(b(), agentOf(b(), wrong)));
  assert.equal(code, 1);
  assert.match(stderr, /not of the cluster that the join token is for/);
});

test('two nodes join and run nginx out of the bundle, which answers from outside on both', async () => {
  for (const on of [a(), b()]) {
    const token = await newToken();
    const said = await succeed(on, install(on, agentOf(on, token)));
    assert.match(
      said,
      new RegExp(`this host is the node ${on.host.name} of.*\\nImage archive nginx\\.tar is at hand\\n`, 's'),
    );
    // It was needed once, and whoever reads the settings later has no use for it.
    assert.doesNotMatch(await succeed(on, 'cat /etc/wherry/config.yaml'), /token/);
    await keepRunning(on, 'agent');
  }
  const manifest = join(root, 'examples/nginx.yaml');
  await kubectl('wait node --all --for=condition=Ready --timeout=60s');
  await succeed(a(), `sed 's#image: .*#image: ${nginxImage}#' ${manifest} | ${asAdmin()} apply -f -`);
  await kubectl('rollout status deployment/nginx --timeout=60s');
  for (const { address } of hosts.hosts)
    await waitUntil(`nginx by ${address}`, async () => {
      const { stdout } = await hosts.client.host.tryExec('curl', ['-s', '--max-time', '2', `http://${address}:30080/`]);
      return stdout.includes('Welcome to nginx!');
    });
});

test('installed again nothing changes, and it says so', async () => {
  const installed = changedFiles(b(), 'etc/upper', 'usr/local/upper');
  const files = await succeed(b(), installed);
  const said = await succeed(b(), install(b(), agentOf(b(), await newToken())));
  assert.match(said, /^The program is there: wherry/);
  assert.match(said, /port +the agent runs on this host/);
  assert.doesNotMatch(said, /Installed|Wrote|Image archive/);
  assert.equal(await succeed(b(), installed), files);
});

test('certificates of a node that are made anew are taken up while its agent runs', async () => {
  const files = '/var/lib/wherry/agent/pki/client.pem /var/lib/wherry/agent/pki/serving.pem';
  const sums = async () => (await succeed(b(), `cat ${files} | sha256sum`)).trim();
  const before = await sums();
  assert.equal(await succeed(b(), 'wherry certs rotate'), 'node is made anew\nnode-serving is made anew\n');
  for (const renewed of [
    'the certificate of this node has been renewed',
    "the certificate of the agent's API has been renewed",
  ])
    await waitUntil(renewed, async () => (await processes.get('b agent')?.readLog())?.includes(renewed));
  assert.notEqual(await sums(), before);
  // By the agent's API, which shows the new one.
  const pod = await kubectl('get pods --field-selector spec.nodeName=b -o name | head -n 1');
  await kubectl(`exec ${pod.trim()} -- nginx -v`);
});

test('a host that is uninstalled with its data kept goes on as the node that it was', async () => {
  const refused = await shell(b(), '/usr/local/lib/wherry/current/uninstall.sh --keep-data');
  assert.deepEqual([refused.code, /the agent runs on this host .*stop it first/.test(refused.stderr)], [1, true]);
  await processes.get('b agent')?.kill('SIGTERM');
  await succeed(b(), `mkdir -p ${volumes} && mount -t tmpfs disk ${volumes} && touch ${volumes}/kept`);
  const said = await succeed(b(), '/usr/local/lib/wherry/current/uninstall.sh --keep-data');
  assert.match(said, /Took back containers and network rules; the data stays\nWherry is uninstalled\n$/);
  assert.equal((await shell(b(), 'command -v wherry')).code, 127);
  assert.equal(await succeed(b(), `findmnt -n -o SOURCE ${volumes} && ls ${volumes}`), 'disk\nkept\n');
  assert.equal(await succeed(b(), `docker -H unix://${b().docker.socket} ps -aq`), '');
  // No token, no settings: they are there.
  await succeed(b(), install(b(), 'agent'));
  await keepRunning(b(), 'agent');
  await kubectl('rollout status deployment/nginx --timeout=60s');
  await kubectl('wait node b --for=condition=Ready --timeout=60s');
});

test('uninstalled, the hosts are what they were before', async () => {
  for (const each of processes.values()) await each.kill('SIGTERM');
  for (const on of [b(), a()]) {
    await succeed(on, '/usr/local/lib/wherry/current/uninstall.sh');
    // A disk that somebody has mounted there is still his, and empty.
    if (on === b())
      await succeed(on, `[ -z "$(ls -A ${volumes})" ] && umount ${volumes} && rmdir ${volumes} /var/lib/wherry`);
    assert.equal(await succeed(on, changedFiles(on)), '');
    const now = await observe(on, views);
    for (const [view, then] of Object.entries(atFirst[on.host.name] ?? {}))
      assert.equal(now[view], then, `${on.host.name}: ${view}`);
    const again = await succeed(on, `${unpacked(on)}/uninstall.sh`);
    assert.equal(again, 'Wherry is not installed here\n');
  }
});
