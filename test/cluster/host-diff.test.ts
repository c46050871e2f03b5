// A host is what it was before Wherry came, once it is cleaned: with Docker's own rules, a tunnel, and an agent that was killed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DockerHost } from '../bench/hosts.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { nginxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';

const launcher = join(import.meta.dirname, '../../bin/wherry');
const withoutCounters = 'sed -E "/^#/d; s/\\[[0-9]+:[0-9]+\\]//"';
const withoutTimers =
  'sed -E "s/^[0-9]+: //; s/@if[0-9]+//; s/(gc_timer|tcn_timer|hello_timer|topology_change_timer) +[0-9.]+//g"';

/** What is told of a host, by commands whose output is the same as long as nothing has changed. */
const networkViews = {
  links: `ip -o -d link | ${withoutTimers} | sort`,
  addresses: 'ip -o address | sed -E "s/^[0-9]+: //; s/valid_lft .*//" | sort',
  routes: 'ip route show table all | sed -E "s/ (linkdown|expires [0-9]+sec)//g" | sort',
  'routing policies': 'ip rule',
  'forwarding entries': 'bridge fdb | sort',
  'legacy rules': `iptables-legacy-save | ${withoutCounters}`,
  'nft rules': `iptables-nft-save 2>/dev/null | ${withoutCounters}`,
  settings: 'grep -r . /proc/sys/net 2>/dev/null | grep -vE "nf_conntrack_count|fastopen_key|stat_refresh" | sort',
  'claimed names': 'grep -c wherry-network /proc/net/unix; true',
} as const;
const otherViews = {
  mounts: 'cut -d" " -f4- /proc/self/mountinfo | sed -E "s/(shared|master):[0-9]+//g" | sort',
  files:
    'find /var/log /run /etc/wherry /var/lib/wherry "$0" -not -path "*docker*" -not -path "*containerd*" 2>/dev/null | sort',
} as const;

type Views = Record<string, string>;

async function observe({ host }: DockerHost, commands: Record<string, string>): Promise<Views> {
  const pairs = Object.entries(commands).map(async ([name, command]) => {
    const { stdout } = await host.exec('sh', ['-c', command, join(host.folder, 'wherry')]);
    return [name, stdout] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

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
      // The programs that look load what they need of the kernel, and the cards have addresses of their own after a second or two.
      await waitUntil('a host that has come to rest', async () => {
        const { addresses = '' } = await observe(hosts.host('far'), networkViews);
        return !addresses.includes('tentative');
      });
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
