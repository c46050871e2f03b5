// A host that is a node, and is told to join once more while its agent runs: what it has become since then is taken up at once. systemd
// is played.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../bench/command.ts';
import { type Hosts, openHosts } from '../bench/hosts.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';
import { settle } from './bundle-hosts.ts';

const root = join(import.meta.dirname, '../..');
const kubectl = 'HOME=/root kubectl --kubeconfig /etc/wherry/kubeconfig';

let hosts: Hosts;
let installer: string;
const succeed = async (command: string): Promise<string> =>
  (await hosts.host('a').host.exec('sh', ['-ec', command], { timeoutMs: 120_000 })).stdout.trim();

const installServer = async () => await succeed(`${installer} server --advertise-address ${hosts.host('a').address}`);
/** As somebody does who has a token of the master, and does not ask what this host was before. */
const joinWithToken = async () =>
  await succeed(`WHERRY_TOKEN=$(wherry token create) ${installer} agent --server https://${hosts.host('a').address}:6443 \
    --node-name a 2>&1`);
const uid = async () => await succeed(`${kubectl} get node a -o jsonpath={.metadata.uid}`);
const agent = async () => await succeed('cat /run/stand-in-systemd/wherry-agent.pid');

/** Which it is not before its agent has said so. */
async function isReady(): Promise<void> {
  await succeed(`${kubectl} wait node a --for=condition=Ready --timeout=60s
    ${kubectl} run web --image=${busyboxImage} --restart=Always -- sleep 86400
    ${kubectl} wait pod web --for=condition=Ready --timeout=60s`);
}

before(async () => {
  hosts = await openHosts({ names: ['a'], dockerIptables: true });
  const { host, docker } = hosts.host('a');
  await ensureImages(docker.socket);
  await settle(hosts.host('a'));
  const { stdout } = await runCommand(join(root, 'scripts/bundle'), ['--archive'], { timeoutMs: 600_000 });
  const archive = join(root, stdout.trim());
  const folder = join(host.folder, 'bundle');
  await mkdir(folder);
  await runCommand('tar', ['-xzf', archive, '-C', folder]);
  installer = join(folder, basename(archive, '.tar.gz'), 'install.sh');
  await installServer();
  await joinWithToken();
  await isReady();
});
after(async () => await hosts?.close());

test('who is still the node stays as he is', async () => {
  const before = [await uid(), await agent()];
  assert.match(await joinWithToken(), /wherry-agent\.service is running/);
  assert.deepEqual([await uid(), await agent()], before);
});

test('who was deleted is a node again', async () => {
  const before = await uid();
  await succeed(`${kubectl} delete pod web --now\n${kubectl} delete node a`);
  assert.match(
    await joinWithToken(),
    /the node of the certificate on disk has been deleted.*joined the cluster.*Starting wherry-agent/s,
  );
  await isReady();
  assert.notEqual(await uid(), before);
});

test('a master that is made anew has a cluster of its own, and gets the nodes that join it', async () => {
  await succeed('systemctl stop wherry-server && rm -r /var/lib/wherry/server /etc/wherry/kubeconfig');
  await installServer();
  assert.match(await joinWithToken(), /joined the cluster.*Starting wherry-agent/s);
  await isReady();
  // What the node ran for the other cluster is gone.
  const pods = `docker ps -q --filter label=io.kubernetes.pod.name=web --filter label=io.kubernetes.container.name=web`;
  await succeed(`for _ in $(seq 300); do [ "$(${pods} | wc -l)" != 1 ] || exit 0; sleep 0.1; done; ${pods}; exit 1`);
});
