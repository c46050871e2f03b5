import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeWay } from './node-ways.ts';
import { planRoutes, type Route } from './routes.ts';

const way = (podCidr: string, address: string, by: NodeWay['by']): NodeWay => ({ node: 'b', podCidr, address, by });
const b = way('10.244.2.0/24', '192.168.56.12', { link: 'eth1' });
const toB: Route = { dst: '10.244.2.0/24', gateway: '192.168.56.12', dev: 'eth1' };
const far = way('10.244.3.0/24', '203.0.113.5', 'tunnel');
const toFar: Route = { dst: '10.244.3.0/24', gateway: '10.244.3.1', dev: 'wherry-vxlan', prefsrc: '10.244.1.1' };
const lineToB = 'route replace 10.244.2.0/24 via 192.168.56.12 dev eth1 proto 87';
const lineToFar = 'route replace 10.244.3.0/24 via 10.244.3.1 dev wherry-vxlan src 10.244.1.1 onlink proto 87';

const cases: { name: string; ways: NodeWay[]; routes: Route[]; lines: string[] }[] = [
  {
    name: 'one by the link that is shared, one by the tunnel',
    ways: [b, far],
    routes: [],
    lines: [lineToB, lineToFar],
  },
  { name: 'what is right stays', ways: [b, far], routes: [toB, toFar], lines: [] },
  { name: 'none where no way leads', ways: [way('10.244.8.0/24', '198.51.100.1', undefined)], routes: [], lines: [] },
  { name: 'stale ones go', ways: [], routes: [toB], lines: ['route del 10.244.2.0/24 dev eth1 proto 87'] },
  {
    name: 'a node that changed its address',
    ways: [{ ...b, address: '192.168.56.99' }],
    routes: [toB],
    lines: ['route replace 10.244.2.0/24 via 192.168.56.99 dev eth1 proto 87'],
  },
  { name: 'a node that came to the same link', ways: [b], routes: [{ ...toFar, dst: b.podCidr }], lines: [lineToB] },
  { name: 'a wrapped route without a source', ways: [far], routes: [{ ...toFar, prefsrc: '' }], lines: [lineToFar] },
];

for (const { name, ways, routes, lines } of cases) {
  test(`routes: ${name}`, () => assert.deepEqual(planRoutes('10.244.1.0/24', ways, routes), lines));
}
