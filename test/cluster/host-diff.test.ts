// A host is what it was before Wherry came, once it is cleaned: with Docker's own rules, a tunnel, and an agent that was killed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { nginxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';
import { networkViews, observe, otherViews, type Views, whenAtRest } from './host-views.ts';

const launcher = join(import.meta.dirname, '../../bin/wherry');
let cluster: Cluster;
let network: Views;
let rest: Views;
const far = () => cluster.hosts.host('far');
const wherry = async (...args: string[]) =>
  await far().host.tryExec(launcher, [...args, '--data-dir', join(far().host.folder, 'wherry')]);
const uninstall = async () =>
  await wherry(
    'uninstall',
    '--yes',
    '--docker-socket',
    far().docker.socket,
    '--write-kubeconfig',
    join(far().host.folder, 'elsewhere', 'kubeconfig'),
  );

before(async () => {
  cluster = await Cluster.open({
    names: ['a', 'far'],
    beyondRouter: ['far'],
    before: async (hosts) => {
      await whenAtRest(hosts.host('far'));
      network = await observe(hosts.host('far'), networkViews);
      rest = await observe(hosts.host('far'), otherViews);
    },
  });
});
after(async () => await cluster?.close());

test('an agent changes much, and nobody takes it back while it runs', async () => {
  await cluster.applyExample('nginx.yaml', nginxImage);
  await cluster.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=60s');
  for (const on of cluster.hosts.hosts)
    await waitUntil('tunnel', async () => (await on.host.exec('ip', ['link'])).stdout.includes('wherry-vxlan'));
  await waitUntil('both nodes reach each other', async () => {
    const reasons = 'jsonpath={.items[*].status.conditions[?(@.type=="NetworkUnavailable")].reason}';
    return (await cluster.kubectl('get', 'nodes', '-o', reasons)) === 'PodNetworkIsUp PodNetworkIsUp';
  });
  const now = await observe(far(), networkViews);
  for (const view of ['links', 'addresses', 'routes', 'forwarding entries', 'settings', 'claimed names'])
    assert.notEqual(now[view], network[view], view);
  for (const refused of [await wherry('network', 'clean'), await uninstall()]) {
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the agent runs on this host .*stop it first/);
  }
});

test('network clean leaves links, routes, rules and settings as before the first start, also when it is run twice', async () => {
  await cluster.kill('far');
  for (const time of ['once', 'twice']) {
    const { code, stderr } = await wherry('network', 'clean');
    assert.equal(code, 0, stderr);
    const now = await observe(far(), networkViews);
    for (const view of Object.keys(networkViews)) assert.equal(now[view], network[view], `${view}, cleaned ${time}`);
  }
});

test('the agent starts again after that, and its node serves', async () => {
  await cluster.startAgent(far());
  const url = `http://${far().address}:30080/`;
  await waitUntil('an answer by the port of this node', async () => {
    const { stdout } = await cluster.hosts.client.host.tryExec('curl', ['-s', '--max-time', '1', url]);
    return stdout.includes('Welcome to nginx!');
  });
  await cluster.kill('far');
});

test('uninstall leaves nothing of it all, nor files and mounts', async () => {
  const { code, stderr } = await uninstall();
  assert.equal(code, 0, stderr);
  const now = { ...(await observe(far(), networkViews)), ...(await observe(far(), otherViews)) };
  for (const [view, before] of Object.entries({ ...network, ...rest })) assert.equal(now[view], before, view);
});
