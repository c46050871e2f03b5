import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '../../api/kinds/service.ts';
import type { Link } from '../ip-command.ts';
import { announcedHere, planAddresses } from './balancer-addresses.ts';

const service = (announcedBy: string, ip: string, ipMode = 'VIP', type = 'LoadBalancer') =>
  ({
    metadata: { name: ip, namespace: 'shop', annotations: { 'wherry.io/announced-by': announcedBy } },
    spec: { type },
    status: { loadBalancer: { ingress: [{ ip, ipMode }] } },
  }) as unknown as Service;

test('a node answers for what was given to it, and is its own to answer for', () => {
  const services = [
    service('a', '192.0.2.1'),
    service('b', '192.0.2.2'),
    service('a', '192.0.2.3', 'Proxy'),
    service('a', '192.0.2.4', 'VIP', 'ClusterIP'),
    service('a', 'fd00::1'),
  ];
  assert.deepEqual(announcedHere(services, 'a'), ['192.0.2.1']);
});

const link = (ifname: string, ...addresses: [local: string, prefixlen: number, label?: string][]): Link => ({
  ifindex: 1,
  ifname,
  mtu: 1500,
  operstate: 'UP',
  flags: [],
  addr_info: addresses.map(([local, prefixlen, label = ifname]) => ({ family: 'inet', local, prefixlen, label })),
});
const lan = link('eth0', ['172.30.7.11', 24]);
const storage = link('eth1', ['192.0.2.200', 24]);
const ours = (address: string): [string, number, string] => [address, 32, 'eth0:wh'];

const cases: [string, string[], Link[], string[]][] = [
  ['nothing to do', ['172.30.7.50'], [link('eth0', ['172.30.7.11', 24], ours('172.30.7.50'))], []],
  [
    'comes to the link of its range',
    ['192.0.2.9'],
    [lan, storage],
    ['address add 192.0.2.9/32 dev eth1 label eth1:wh'],
  ],
  [
    'comes to the link of the node',
    ['198.51.100.9'],
    [storage, lan],
    ['address add 198.51.100.9/32 dev eth0 label eth0:wh'],
  ],
  ['goes', [], [link('eth0', ['172.30.7.11', 24], ours('172.30.7.50'))], ['address del 172.30.7.50/32 dev eth0']],
  ['the host’s own stays', [], [link('eth0', ['172.30.7.11', 24], ['172.30.7.50', 32])], []],
  ['what the host has need not come', ['172.30.7.50'], [link('eth0', ['172.30.7.11', 24], ['172.30.7.50', 32])], []],
];

for (const [name, wanted, links, lines] of cases) {
  test(`an address ${name}`, () => assert.deepEqual(planAddresses(wanted, links, '172.30.7.11').lines, lines));
}

test('labels fit into what the kernel takes, also of long names', () => {
  const [line = ''] = planAddresses(['10.0.0.9'], [link('enp0s31f6.1234', ['10.0.0.1', 24])], '10.0.0.1').lines;
  assert.match(line, /label enp0s31f6\.1234:$/);
});

test('on a link whose name leaves no room for a label an address is known again, too', () => {
  const bare = link('enx001122334455', ['10.0.0.1', 24]);
  const wanted = ['10.0.0.9'];
  assert.deepEqual(planAddresses(wanted, [bare], '10.0.0.1').lines, [
    'address add 10.0.0.9/32 dev enx001122334455 metric 87',
  ]);
  const own = bare.addr_info ?? [];
  const held = { ...bare, addr_info: [...own, { family: 'inet', local: '10.0.0.9', prefixlen: 32, metric: 87 }] };
  assert.deepEqual(planAddresses(wanted, [held], '10.0.0.1').lines, []);
  assert.deepEqual(planAddresses([], [held], '10.0.0.1').lines, ['address del 10.0.0.9/32 dev enx001122334455']);
  // A metric is anybody's to give, where a label can tell.
  const foreign = {
    ...lan,
    addr_info: [{ family: 'inet', local: '172.30.7.50', prefixlen: 32, label: 'eth0', metric: 87 }],
  };
  assert.deepEqual(planAddresses([], [foreign], '172.30.7.11').lines, []);
});
