// The Vagrantfile that ships, run by Vagrant itself with its provider libvirt: one master and two nodes out of a box that has nothing of
// Wherry, and from then on whatever one does to such machines. The network is closed: the image of nginx comes with the bundle.

import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../bench/command.ts';
import { startDockerEngine } from '../bench/docker-engine.ts';
import { runName } from '../bench/leftovers.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { ensureImages, nginxImage } from '../images/images.ts';
import { openWorkstation, type Workstation } from './workstation.ts';

/** To boot and install three machines that are emulated, on a busy computer. */
const timeoutMs = 2_400_000;
const patient = { timeoutMs: 600_000, intervalMs: 1_000 };
const page = 'http://192.168.56.11:30080/';
const urls = [page, 'http://192.168.56.12:30080/'];

const images = join('/tmp', `${runName}-images`);
let desk: Workstation;
before(async () => {
  await mkdir(images);
  await saveNginx(join(images, 'nginx.tar'));
  desk = await openWorkstation({ WHERRY_IMAGES: images, WHERRY_NGINX_IMAGE: nginxImage });
});
after(async () => {
  await desk?.close();
  await rm(images, { recursive: true, force: true });
});

async function saveNginx(file: string): Promise<void> {
  const engine = await startDockerEngine();
  try {
    await ensureImages(engine.socket);
    await runCommand('docker', ['-H', `unix://${engine.socket}`, 'save', '-o', file, nginxImage]);
  } finally {
    await engine.stop();
  }
}

/** What fields of objects say, separated by blanks. */
const read = async (what: string, path: string): Promise<string> =>
  await desk.kubectl('get', ...what.split(' '), '-o', `jsonpath={${path}}`);

const podUids = async () => await read('pods -l app=nginx', '.items[*].metadata.uid');
const nodeUids = async () => await read('nodes', '.items[*].metadata.uid');
const clusterUids = async () => await read('nodes,deployments,services', '.items[*].metadata.uid');
const ready = '.status.conditions[?(@.type=="Ready")].status';

const saysWhere = (said: string) => assert.deepEqual(said.match(/Open \S+/g), [`Open ${page}`], said);

/** All is well, and everybody at this computer gets the page on every node. */
async function answers(): Promise<true> {
  for (const url of urls) assert.match(await desk.fetch(url), /Welcome to nginx!/);
  assert.equal(await read('nodes', `.items[*]${ready}`), 'True True');
  assert.equal(await read('deployment nginx', '.status.readyReplicas'), '3');
  return true;
}
const answersAgain = async () => await waitUntil('the page is on every node again', answers, patient);

let beforeAll: readonly string[];

test('up: the nodes are ready, three nginx run on them, and the page is there where it says', {
  timeout: timeoutMs,
}, async () => {
  beforeAll = await desk.traces();
  saysWhere(await desk.vagrant(['up'], { timeoutMs }));
  await answers();
  assert.equal(await read('nodes', '.items[*].metadata.name'), 'node1 node2');
  const addresses = '.items[*].status.addresses[?(@.type=="InternalIP")].address';
  assert.equal(await read('nodes', addresses), '192.168.56.11 192.168.56.12');
  const nodes = await read('pods -l app=nginx', '.items[*].spec.nodeName');
  assert.deepEqual([...new Set(nodes.split(' '))].sort(), ['node1', 'node2']);
});

test('up and provision: where all is as it should be nothing changes', { timeout: timeoutMs }, async () => {
  const [pods, cluster] = [await podUids(), await clusterUids()];
  const again = await desk.vagrant(['up'], { timeoutMs });
  saysWhere(again);
  assert.doesNotMatch(again, /provisioner: install/);
  const anew = await desk.vagrant(['provision'], { timeoutMs });
  saysWhere(anew);
  await answers();
  assert.equal(anew.match(/The program is there: wherry/g)?.length, 3, anew);
  assert.doesNotMatch(anew, /Bringing|Installed the program|Wrote|Starting wherry/);
  assert.deepEqual([await podUids(), await clusterUids()], [pods, cluster]);
  const tokens = '-n kube-system secrets --field-selector type=bootstrap.kubernetes.io/token';
  assert.equal(await read(tokens, '.items[*].metadata.name'), '', 'tokens that nodes have joined with are gone');
});

test('suspend and resume: a node that stood still is back with its pods', { timeout: timeoutMs }, async () => {
  const pods = await podUids();
  await desk.vagrant(['suspend', 'node1']);
  await waitUntil('it is missed', async () => (await read('node node1', ready)) === 'Unknown', patient);
  saysWhere(await desk.vagrant(['resume', 'node1'], { timeoutMs }));
  await answersAgain();
  assert.equal(await podUids(), pods);
});

test('a reboot from within: the node is back by itself', { timeout: timeoutMs }, async () => {
  const bootId = async () => await read('node node1', '.status.nodeInfo.bootID');
  const before = await bootId();
  await desk.vagrant(['ssh', 'node1', '--command', 'sudo systemd-run --on-active=1 systemctl reboot']);
  await waitUntil('the node has booted', async () => (await bootId()) !== before, patient);
  await answersAgain();
});

test('halt and up: the same cluster is there again', { timeout: timeoutMs }, async () => {
  const cluster = await clusterUids();
  await desk.vagrant(['halt'], { timeoutMs });
  saysWhere(await desk.vagrant(['up'], { timeoutMs }));
  await answersAgain();
  assert.equal(await clusterUids(), cluster);
});

test('destroy and up: a node that is made anew takes the place of the old one', { timeout: timeoutMs }, async () => {
  const [old1, old2] = (await nodeUids()).split(' ');
  await desk.vagrant(['destroy', '--force', 'node1'], { timeoutMs });
  saysWhere(await desk.vagrant(['up', 'node1'], { timeoutMs }));
  await answersAgain();
  const [new1, new2] = (await nodeUids()).split(' ');
  assert.notEqual(new1, old1);
  assert.equal(new2, old2);
});

test('destroy: nothing is left but what the box has brought', { timeout: timeoutMs }, async () => {
  await desk.vagrant(['destroy', '--force'], { timeoutMs });
  const left = (await desk.traces()).filter((trace) => !beforeAll.includes(trace));
  assert.match(left.join('\n'), /^volume wherry-test_vagrant_box_image_[\d_]+_box\.img$/);
});
