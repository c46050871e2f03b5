// install.sh on a host that it knows: settings that somebody has written into the file are read as the YAML that they are, and what was
// changed by a run that ended early is taken up by the next one. systemd is played.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { changedBundle, programChanges } from '../bench/changed-bundle.ts';
import { type CommandOutcome, runCommand } from '../bench/command.ts';
import { type Hosts, openHosts } from '../bench/hosts.ts';
import { makeArchive, settle } from './bundle-hosts.ts';

const kubectl = 'HOME=/root kubectl --kubeconfig /etc/wherry/kubeconfig';
const written = `# ours
tls-san:
  - one.example.org
  - two.example.org
data-dir: "/var/lib/ours"   # big disk
`;

let hosts: Hosts;
let bundle: string;
const shell = async (command: string): Promise<CommandOutcome> =>
  await hosts.host('a').host.tryExec('sh', ['-ec', command], { timeoutMs: 120_000 });

async function succeed(command: string): Promise<string> {
  const { code, stdout, stderr } = await shell(command);
  assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** Which program the agent's process runs. */
const program = async () => await succeed('readlink /proc/$(cat /run/stand-in-systemd/wherry-agent.pid)/exe');
const joinWithToken = async () =>
  await succeed(
    `WHERRY_TOKEN=$(wherry token create) ${bundle}/install.sh agent --server https://${hosts.host('a').address}:6443 --node-name a 2>&1`,
  );
const isReady = async () => await succeed(`${kubectl} wait node a --for=condition=Ready --timeout=60s`);

before(async () => {
  hosts = await openHosts({ names: ['a'], dockerIptables: true });
  const on = hosts.host('a');
  await settle(on);
  const archive = await makeArchive('nginx:stable', on);
  const folder = join(on.host.folder, 'bundle');
  await mkdir(folder);
  await runCommand('tar', ['-xzf', archive, '-C', folder]);
  bundle = join(folder, basename(archive, '.tar.gz'));
  await succeed(`mkdir /etc/wherry && cat >/etc/wherry/config.yaml <<'TEXT'\n${written}TEXT`);
});
after(async () => await hosts?.close());

test('a list that stands over several lines is replaced whole, and all else stays as somebody has written it', async () => {
  const names = ['one.example.org', 'two.example.org', 'three.example.org'];
  const [one, two, three] = names;
  const { address } = hosts.host('a');
  await succeed(
    `${bundle}/install.sh server --advertise-address ${address} --tls-san ${one},${two} --tls-san=${three}`,
  );
  const list = names.map((name) => `  - ${name}\n`).join('');
  const settings = `# ours\ntls-san:\n${list}data-dir: "/var/lib/ours" # big disk\nadvertise-address: ${address}\n`;
  assert.equal(await succeed('cat /etc/wherry/config.yaml'), settings.trim());
  const certificate = new X509Certificate(await succeed('cat /var/lib/ours/server/pki/server.pem'));
  for (const name of names) assert.ok(certificate.checkHost(name), `${name}: ${certificate.subjectAltName}`);
});

test('a folder that is named in quotes, with a comment, is where images are put and the node is looked for', async () => {
  assert.match(await joinWithToken(), /Image archive nginx\.tar is at hand\nStarting wherry-agent/);
  assert.equal(await succeed('ls /var/lib/ours/images /var/lib | grep -e nginx -e wherry'), 'nginx.tar');
  await isReady();
  await succeed(`${kubectl} delete node a`);
  assert.match(await joinWithToken(), /joined the cluster.*Starting wherry-agent/s);
  await isReady();
  assert.match(await joinWithToken(), /wherry-agent\.service is running/);
});

test('a program that a refused run has placed is the one that runs after the next', async () => {
  const former = await program();
  const folder = join(hosts.host('a').host.folder, 'next');
  const change = { bundle, folder, file: 'wherry.mjs', change: programChanges.nextVersion('next') };
  await runCommand('sh', ['-c', changedBundle(change)], { timeoutMs: 120_000 });
  bundle = folder;
  const refused = await shell(`${bundle}/install.sh agent --agent-port x`);
  assert.deepEqual([refused.code, /agent-port: "x" is invalid/.test(refused.stderr)], [1, true], refused.stderr);
  assert.equal(await program(), former);
  assert.match(await succeed(`${bundle}/install.sh agent`), /The program is there.*Starting wherry-agent/s);
  assert.notEqual(await program(), former);
  assert.match(await succeed(`${bundle}/install.sh agent`), /wherry-agent\.service is running/);
});

test('a setting that was written by a run that then failed to join is in force after the next', async () => {
  const failed = await shell(`${bundle}/install.sh agent --max-pods 50 --token wrong`);
  assert.equal(failed.code, 1, failed.stdout);
  assert.match(await succeed(`${bundle}/install.sh agent`), /Starting wherry-agent/);
  await succeed(`${kubectl} wait node a --for=jsonpath={.status.capacity.pods}=50 --timeout=60s`);
});
