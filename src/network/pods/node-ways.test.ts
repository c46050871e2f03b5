import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkBackend } from '../../api/cluster-settings.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { Link } from '../ip-command.ts';
import { type NodeWay, nodeWays } from './node-ways.ts';

const node = (name: string, podCIDR?: string, address?: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  spec: podCIDR ? { podCIDR } : {},
  status: address ? { addresses: [{ type: 'InternalIP', address }] } : {},
});
const link = (ifname: string, local: string, prefixlen: number, flags = ['UP']): Link => {
  return { ifindex: 2, ifname, mtu: 1500, operstate: 'UP', flags, addr_info: [{ family: 'inet', local, prefixlen }] };
};
const links = [
  link('lo', '127.0.0.1', 8),
  link('eth0', '10.0.2.15', 24),
  link('eth1', '192.168.56.11', 24),
  link('narrow', '192.168.56.129', 28),
  link('down0', '192.0.2.1', 24, []),
  link('wherry0', '10.244.1.1', 24),
];

const self = { nodeName: 'a', nodeAddress: '192.168.56.11' };

const cases: [name: string, address: string, backend: NetworkBackend, by: NodeWay['by']][] = [
  ['by the link that is shared', '192.168.56.12', 'auto', { link: 'eth1' }],
  ['by the narrowest link', '192.168.56.130', 'auto', { link: 'narrow' }],
  ['wrapped through a router', '198.51.100.1', 'auto', 'tunnel'],
  ['wrapped where the link is down', '192.0.2.9', 'auto', 'tunnel'],
  ['not wrapped where that is not wanted', '198.51.100.1', 'routes', undefined],
  ['wrapped on the same link where that is wanted', '192.168.56.12', 'vxlan', 'tunnel'],
  ['not by the pods’ own bridge', '10.244.1.7', 'auto', undefined],
  ['not to this very address', '192.168.56.11', 'auto', undefined],
  ['nor wrapped to it', '192.168.56.11', 'vxlan', undefined],
];

for (const [name, address, backend, by] of cases) {
  test(`the way to a node: ${name}`, () => {
    const ways = nodeWays({ ...self, nodes: [node('b', '10.244.2.0/24', address)], links, backend });
    assert.deepEqual(ways, [{ node: 'b', podCidr: '10.244.2.0/24', address, by }]);
  });
}

test('no way to a node whose address or network is none of IPv4', () => {
  const texts = ['fd00::1', 'b.example', '198.51.100.1 self permanent\nfdb append', '198.51.100.256'];
  const nodes = [
    ...texts.map((address, index) => node(`b${index}`, '10.244.2.0/24', address)),
    ...['fd00::/64', '10.244.2.0/33', 'default'].map((range) => node('c', range, '198.51.100.1')),
  ];
  assert.deepEqual(nodeWays({ ...self, nodes, links, backend: 'auto' }), []);
});

test('no way to itself, nor to a node that has no network or address yet', () => {
  const nodes = [node('a', '10.244.1.0/24', '192.168.56.11'), node('c'), node('d', '10.244.4.0/24')];
  assert.deepEqual(nodeWays({ ...self, nodes, links, backend: 'auto' }), []);
});

test('none wrapped while this node’s own address is on no link, or on one that is down', () => {
  const nodes = [node('b', '10.244.2.0/24', '198.51.100.1')];
  for (const nodeAddress of ['203.0.113.200', '192.0.2.1'])
    assert.equal(nodeWays({ ...self, nodeAddress, nodes, links, backend: 'auto' })[0]?.by, undefined);
});
