// Another version in place of the one that runs, on a host with master, agent and a pod: nothing that was acknowledged is lost and the
// pod goes on, whether the new version is well, does not start, or the upgrade is killed or fails in the middle. systemd is played. What
// settings can say is elsewhere than by default here.
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { changedBundle, programChanges } from '../bench/changed-bundle.ts';
import { type CommandOutcome, runCommand } from '../bench/command.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';
import { ownFolders } from './own-folders.ts';

const root = join(import.meta.dirname, '../..');
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const hold = '/var/lib/wherry/server/upgrade-hold.json';
const kubeconfig = '/root/administrator.kubeconfig';
const backups = '/var/lib/backups-of-wherry';

let hosts: Hosts;
let bundle: string;
const a = (): DockerHost => hosts.host('a');

const shell = async (command: string): Promise<CommandOutcome> =>
  await a().host.tryExec('sh', ['-c', `export ${path} HOME=${a().host.folder}; ${command}`], { timeoutMs: 300_000 });

async function succeed(command: string): Promise<string> {
  const { code, stdout, stderr } = await shell(command);
  assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
  return stdout.trim();
}

const kubectl = async (command: string) => await succeed(`kubectl --kubeconfig ${kubeconfig} ${command}`);

/** A bundle as ours with one file of the program changed by a command. */
async function bundleWith(name: string, file: string, change: string): Promise<string> {
  const folder = join(a().host.folder, name);
  await runCommand('sh', ['-c', changedBundle({ bundle, folder, file, change })], { timeoutMs: 120_000 });
  return `${folder}.tar`;
}

/** A bundle whose server does something with files first, and maybe nothing else. */
const bundleThatBegins = async (name: string, does: string): Promise<string> =>
  await bundleWith(
    name,
    'wherry.mjs',
    `{ echo "if (process.argv[2] === 'server') { const fs = process.getBuiltinModule('node:fs'); ${does}; }"
       cat program/wherry.mjs; } >y && mv y program/wherry.mjs`,
  );

async function installAgent(): Promise<void> {
  const token = await succeed('wherry token create');
  const flags = `--server https://${a().address}:6443 --docker-socket ${a().docker.socket} --node-name a`;
  await succeed(`${bundle}/install.sh agent --token ${token} ${flags}`);
}

before(async () => {
  hosts = await openHosts({ names: ['a'], dockerIptables: true });
  await ensureImages(a().docker.socket);
  await ownFolders(a());
  const { stdout } = await runCommand(join(root, 'scripts/bundle'), ['--archive'], { timeoutMs: 600_000 });
  await mkdir(join(a().host.folder, 'bundle'));
  await runCommand('tar', ['-xzf', join(root, stdout.trim()), '-C', join(a().host.folder, 'bundle')]);
  const [name = ''] = await readdir(join(a().host.folder, 'bundle'));
  bundle = join(a().host.folder, 'bundle', name);
  await succeed(
    `mkdir -p /run/systemd/system /usr/local/sbin && cp ${root}/test/cluster/stand-in-systemd/* /usr/local/sbin/`,
  );
  const settings = `--write-kubeconfig ${kubeconfig} --backup-dir ${backups} --backup-interval 0`;
  await succeed(`${bundle}/install.sh server --advertise-address ${a().address} ${settings}`);
  await installAgent();
  await kubectl(`run web --image=${busyboxImage} --restart=Always --command -- sleep 86400`);
  await kubectl('wait pod web --for=condition=Ready --timeout=60s');
});
after(async () => await hosts?.close());

/** Writes one object after the other, as fast as they are acknowledged, until it is told to end; answers those that were. */
function writing(run: string): { end(): Promise<string[]> } {
  const script = `n=0; while [ ! -e ${a().host.folder}/${run}.end ]; do n=$((n+1));
    kubectl --kubeconfig ${kubeconfig} create configmap ${run}-$n >/dev/null 2>&1 && echo ${run}-$n; sleep 0.2; done`;
  const written = succeed(script);
  return {
    async end() {
      await writeFile(join(a().host.folder, `${run}.end`), '');
      return (await written).split('\n');
    },
  };
}

const containers = async () => await succeed(`docker -H unix://${a().docker.socket} ps --no-trunc -q | sort`);
const programOf = async (unit: string) =>
  await succeed(`readlink /proc/$(cat /run/stand-in-systemd/wherry-${unit}.pid)/exe`);

/** Nothing of what was acknowledged is missing, the pod's containers are those of before, and writes are taken. */
async function nothingIsLost(acknowledged: readonly string[], before: string): Promise<void> {
  assert.ok(acknowledged.length > 3, `${acknowledged.length} writes`);
  const there = (await kubectl('get configmaps -o name')).split('\n');
  assert.deepEqual(
    acknowledged.filter((name) => !there.includes(`configmap/${name}`)),
    [],
  );
  assert.equal(await containers(), before);
  assert.equal((await shell(`ls ${hold}`)).code, 2);
  assert.deepEqual(
    (await succeed('ls /var/lib/wherry')).split('\n').filter((name) => name.startsWith('server')),
    ['server'],
  );
  await kubectl('annotate pod web --overwrite seen=yes');
  await kubectl('wait node a --for=condition=Ready --timeout=60s');
}

test('what is no bundle, or of a version too far away, is refused before anything is touched', async () => {
  const before = await programOf('server');
  await writeFile(join(a().host.folder, 'nothing.tar'), 'nothing');
  const nothing = await shell(`wherry upgrade ${a().host.folder}/nothing.tar`);
  assert.deepEqual([nothing.code, /tar .*nothing\.tar/.test(nothing.stderr)], [1, true], nothing.stderr);
  const far = await bundleWith(
    'far',
    'wherry',
    `printf '#!/bin/sh\\necho "wherry 9 (Kubernetes API v1.37.0, Node)"\\n' >program/wherry`,
  );
  const skew = await shell(`wherry upgrade ${far}`);
  assert.equal(skew.code, 1);
  assert.match(
    skew.stderr,
    /from v1\.34\S* to v1\.37\.0 is more than one minor version: upgrade to those between first/,
  );
  assert.equal(await programOf('server'), before);
});

test('an upgrade loses no acknowledged write, and the pod goes on', async () => {
  const [before, container] = [await programOf('server'), await containers()];
  const next = await bundleWith('next', 'wherry.mjs', programChanges.nextVersion('next'));
  const writes = writing('next');
  const { code, stderr } = await shell(`wherry upgrade ${next}`);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /took a backup.*the server is upgraded.*the agent is upgraded/s);
  for (const unit of ['server', 'agent']) assert.notEqual(await programOf(unit), before);
  await nothingIsLost(await writes.end(), container);
  assert.match(await succeed(`stat -c %a ${backups}; ls ${backups}`), /^700\nbefore-upgrade-\w+\.gz$/);
  const again = await shell(`wherry upgrade ${next}`);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /the server is of this version already.*the agent is of this version already/s);
});

test('a version that does not start is taken back, with the state', async () => {
  const [before, container] = [await programOf('server'), await containers()];
  const broken = await bundleWith('broken', 'wherry.mjs', programChanges.brokenFor('server'));
  const writes = writing('broken');
  const { code, stderr } = await shell(`wherry upgrade ${broken}`);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /upgrade of the server was taken back, and the former program and state run again: .*ended as it started/,
  );
  for (const unit of ['server', 'agent']) assert.equal(await programOf(unit), before);
  await nothingIsLost(await writes.end(), container);
});

test('a way back that is broken off is gone by the next call', async () => {
  const [before, container] = [await programOf('server'), await containers()];
  // It leaves in the way of the former program what keeps that from its place.
  const link = '/usr/local/lib/wherry/server.new';
  const broken = await bundleThatBegins('obstacle', `fs.mkdirSync('${link}', { recursive: true }); process.exit(3)`);
  const writes = writing('obstacle');
  const failed = await shell(`wherry upgrade ${broken}`);
  assert.deepEqual([failed.code, /server\.new/.test(failed.stderr)], [1, true], failed.stderr);
  await succeed(`ls ${hold} && rmdir ${link}`);
  const { code, stderr } = await shell('wherry upgrade nothing.tar');
  assert.equal(code, 1);
  assert.match(stderr, /an upgrade was broken off: taking it back.*nothing\.tar/s);
  assert.equal(await programOf('server'), before);
  await nothingIsLost(await writes.end(), container);
});

test('a version that is not held any more stays, well or not: it may have taken writes', async () => {
  const [before, container] = [await programOf('server'), await containers()];
  const once = `if (fs.existsSync('${hold}')) { fs.rmSync('${hold}'); process.exit(3); }`;
  const hasty = await bundleThatBegins('hasty', once);
  const writes = writing('hasty');
  const { code, stderr } = await shell(`wherry upgrade ${hasty}`);
  assert.equal(code, 1);
  assert.match(stderr, /the new version has taken writes meanwhile: there is no way back any more/);
  assert.notEqual(await programOf('server'), before);
  // The agent is yet to follow, and the state that was kept goes.
  const again = await shell(`wherry upgrade ${hasty}`);
  assert.equal(again.code, 0, again.stderr);
  await nothingIsLost(await writes.end(), container);
});

test('a state that cannot be copied is left as it is, and the former program goes on', async () => {
  const [before, container] = [await programOf('server'), await containers()];
  const full = join(a().host.folder, 'full');
  const copy = `#!/bin/sh
case "$*" in
  *before-upgrade*) for last; do :; done; mkdir "$last"; echo "cp: no space left" >&2; exit 1 ;;
esac
exec /bin/cp "$@"
`;
  await mkdir(full);
  await writeFile(join(full, 'cp'), copy, { mode: 0o755 });
  const fourth = await bundleWith('fourth', 'wherry.mjs', programChanges.nextVersion('fourth'));
  const writes = writing('full');
  const { code, stderr } = await shell(`PATH=${full}:$PATH wherry upgrade ${fourth}`);
  assert.equal(code, 1);
  assert.match(stderr, /the state could not be kept, so nothing was changed and the server goes on: .*no space left/);
  assert.equal(await programOf('server'), before);
  await nothingIsLost(await writes.end(), container);
});

test('an upgrade that is killed when there is no way to tell whether it went well is taken back and done again', async () => {
  const container = await containers();
  const third = await bundleWith('third', 'wherry.mjs', programChanges.nextVersion('third'));
  const writes = writing('third');
  const upgrading = await a().host.spawn('/usr/local/bin/wherry', ['upgrade', third], {
    log: 'upgrade.log',
    env: { ...process.env, PATH: path.slice('PATH='.length) },
  });
  await waitUntil('the hold', async () => (await shell(`ls ${hold}`)).code === 0, { timeoutMs: 120_000 });
  await upgrading.kill('SIGKILL');
  const { code, stderr } = await shell(`wherry upgrade ${third}`);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /an upgrade was broken off: taking it back.*the server is upgraded/s);
  await nothingIsLost(await writes.end(), container);
});

test('an agent whose upgrade is killed before it is restarted is restarted by the next call', async () => {
  const agent = async () => await succeed('cat /run/stand-in-systemd/wherry-agent.pid');
  const [container, before] = [await containers(), await agent()];
  const kills = join(a().host.folder, 'kills');
  const restart =
    '#!/bin/sh\n[ "$1 $2" != "restart wherry-agent.service" ] || kill -KILL $PPID\nexec /usr/local/sbin/systemctl "$@"\n';
  await mkdir(kills);
  await writeFile(join(kills, 'systemctl'), restart, { mode: 0o755 });
  const fifth = await bundleWith('fifth', 'wherry.mjs', programChanges.nextVersion('fifth'));
  assert.notEqual((await shell(`PATH=${kills}:$PATH wherry upgrade ${fifth}`)).code, 0);
  assert.equal(await agent(), before);
  assert.match(
    await succeed(`wherry upgrade ${fifth} 2>&1`),
    /the server is of this version already.*the agent is upgraded/s,
  );
  assert.notEqual(await agent(), before);
  assert.match(await succeed(`wherry upgrade ${fifth} 2>&1`), /the agent is of this version already/);
  assert.equal(await containers(), container);
});

test('a host leaves when its pods are gone, and may come back with a new token', async () => {
  const refused = await shell('wherry leave');
  assert.deepEqual([refused.code, await succeed('systemctl is-active wherry-agent && echo yes')], [1, 'yes']);
  assert.match(
    refused.stderr,
    /pods run here \(default\/web\): `kubectl drain a --ignore-daemonsets` first, or say --force/,
  );
  await kubectl('drain a --force --ignore-daemonsets');
  await succeed(
    'mkdir -p /var/lib/wherry/volumes && mount -t tmpfs disk /var/lib/wherry/volumes && touch /var/lib/wherry/volumes/kept',
  );
  const left = await shell('wherry leave');
  assert.deepEqual([left.code, left.stdout], [0, 'this host is no node any more\n'], left.stderr);
  assert.equal(await kubectl('get nodes -o name'), '');
  assert.equal(await succeed(`docker -H unix://${a().docker.socket} ps -aq`), '');
  assert.equal((await shell('ls /var/lib/wherry/agent')).code, 2);
  // A disk that somebody gave to the volumes is not the agent's to take away.
  assert.equal(
    await succeed('findmnt -n -o SOURCE /var/lib/wherry/volumes && ls /var/lib/wherry/volumes'),
    'disk\nkept',
  );
  assert.notEqual((await shell('systemctl is-active wherry-agent')).code, 0);
  await installAgent();
  await kubectl('wait node a --for=condition=Ready --timeout=60s');
});
