import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterSettings } from '../../api/cluster-settings.ts';
import type { Link } from '../ip-command.ts';
import { planBridge, planServiceRoute } from './bridge.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});
const wish = { podCidr: '10.244.1.0/24', nodeAddress: '192.0.2.5', settings };
const sysctls = { 'net/ipv4/ip_forward': '0' };
const inet = (local: string, prefixlen: number) => ({ family: 'inet', local, prefixlen });
const eth0: Link = {
  ifindex: 2,
  ifname: 'eth0',
  mtu: 1450,
  operstate: 'UP',
  flags: ['UP'],
  addr_info: [inet('192.0.2.5', 24)],
};
const right: Link = {
  ...eth0,
  ifindex: 3,
  ifname: 'wherry0',
  ifalias: 'was:net/ipv4/ip_forward=0',
  addr_info: [inet('10.244.1.1', 24), inet('10.96.0.10', 32)],
};

const cases: { name: string; links: Link[]; lines: string[] }[] = [
  {
    name: 'made whole, with the MTU of the node’s own link, and the settings remembered before they change',
    links: [eth0],
    lines: [
      'link add wherry0 address 0a:58:0a:f4:01:01 type bridge',
      'link set wherry0 alias was:net/ipv4/ip_forward=0',
      'link set wherry0 mtu 1450',
      'address add 10.244.1.1/24 dev wherry0',
      'address add 10.96.0.10/32 dev wherry0',
      'link set wherry0 up',
    ],
  },
  {
    name: 'made smaller for packets that are wrapped on their way',
    links: [eth0, right, { ...eth0, ifindex: 4, ifname: 'wherry-vxlan', addr_info: [] }],
    lines: ['link set wherry0 mtu 1400'],
  },
  {
    name: 'no larger while the node’s address is away for a moment',
    links: [{ ...eth0, addr_info: [] }, right],
    lines: [],
  },
  { name: 'left alone when it is right', links: [eth0, right], lines: [] },
  {
    name: 'moved to another pod network, the memory of the settings kept',
    links: [eth0, { ...right, addr_info: [inet('10.244.9.1', 24), inet('10.96.0.10', 32)] }],
    lines: ['address del 10.244.9.1/24 dev wherry0', 'address add 10.244.1.1/24 dev wherry0'],
  },
  {
    name: 'mended: down, a DNS address missing',
    links: [eth0, { ...right, flags: [], addr_info: [inet('10.244.1.1', 24)] }],
    lines: ['address add 10.96.0.10/32 dev wherry0', 'link set wherry0 up'],
  },
];

for (const { name, links, lines } of cases) {
  test(`the bridge is ${name}`, () => assert.deepEqual(planBridge(wish, links, sysctls), lines));
}

test('a route to the services exactly where there is no default route', () => {
  const [lan, way] = [
    { dst: '192.0.2.0/24', dev: 'eth0' },
    { dst: 'default', dev: 'eth0' },
  ];
  const ours = { dst: '10.96.0.0/12', dev: 'wherry0' };
  assert.deepEqual(planServiceRoute(settings, [lan]), ['route add 10.96.0.0/12 dev wherry0 proto 87']);
  assert.deepEqual(planServiceRoute(settings, [lan, ours]), []);
  assert.deepEqual(planServiceRoute(settings, [lan, way]), []);
  assert.deepEqual(planServiceRoute(settings, [way, lan, ours]), ['route del 10.96.0.0/12 dev wherry0 proto 87']);
});
