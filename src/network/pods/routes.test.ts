import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../api/kinds/node.ts';
import type { Link } from '../ip-command.ts';
import { planRoutes, type Route } from './routes.ts';

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
  link('down0', '192.0.2.1', 24, []),
  link('wherry0', '10.244.1.1', 24),
];
const self = node('a', '10.244.1.0/24', '192.168.56.11');
const b = node('b', '10.244.2.0/24', '192.168.56.12');
const toB: Route = { dst: '10.244.2.0/24', gateway: '192.168.56.12', dev: 'eth1' };

const cases: { name: string; nodes: Node[]; routes: Route[]; lines: string[]; unreachable?: string[] }[] = [
  { name: 'none to itself', nodes: [self], routes: [], lines: [] },
  {
    name: 'one by the link that is shared',
    nodes: [self, b],
    routes: [],
    lines: ['route replace 10.244.2.0/24 via 192.168.56.12 dev eth1 proto 87'],
  },
  { name: 'what is right stays', nodes: [self, b], routes: [toB], lines: [] },
  {
    name: 'none for a node that has no network or address yet',
    nodes: [self, node('c'), node('d', '10.244.4.0/24')],
    routes: [],
    lines: [],
  },
  { name: 'stale ones go', nodes: [self], routes: [toB], lines: ['route del 10.244.2.0/24 dev eth1 proto 87'] },
  {
    name: 'a node that changed its address',
    nodes: [self, node('b', '10.244.2.0/24', '192.168.56.99')],
    routes: [toB],
    lines: ['route replace 10.244.2.0/24 via 192.168.56.99 dev eth1 proto 87'],
  },
  {
    name: 'none through a router',
    nodes: [self, node('far', '10.244.8.0/24', '198.51.100.1')],
    routes: [],
    lines: [],
    unreachable: ['far'],
  },
  {
    name: 'none by a link that is down',
    nodes: [self, node('off', '10.244.8.0/24', '192.0.2.9')],
    routes: [],
    lines: [],
    unreachable: ['off'],
  },
  {
    name: 'none by the pods’ own bridge',
    nodes: [self, node('in', '10.244.8.0/24', '10.244.1.7')],
    routes: [],
    lines: [],
    unreachable: ['in'],
  },
  {
    name: 'none to a node of this very address',
    nodes: [self, node('twin', '10.244.8.0/24', '192.168.56.11')],
    routes: [],
    lines: [],
    unreachable: ['twin'],
  },
];

for (const { name, nodes, routes, lines, unreachable = [] } of cases) {
  test(`routes: ${name}`, () => {
    const plan = planRoutes({ nodeName: 'a', nodes, routes, links });
    assert.deepEqual(plan.lines, lines);
    assert.deepEqual(
      plan.unreachable.map((each) => each.node),
      unreachable,
    );
  });
}
