import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Link } from '../ip-command.ts';
import type { NodeWay } from './node-ways.ts';
import { planTunnel, type Tunnel } from './vxlan.ts';

const inet = (local: string, prefixlen: number) => ({ family: 'inet', local, prefixlen });
const eth0: Link = {
  ifindex: 2,
  ifname: 'eth0',
  mtu: 1480,
  operstate: 'UP',
  flags: ['UP'],
  addr_info: [inet('192.0.2.5', 24)],
};
const way = (number: number, address: string): NodeWay => {
  return { node: `n${number}`, podCidr: `10.244.${number}.0/24`, address, by: 'tunnel' };
};
const wish = { nodeAddress: '192.0.2.5', podCidr: '10.244.1.0/24', links: [eth0], ways: [way(2, '203.0.113.7')] };
const none: Tunnel = { link: undefined, neighbours: [], entries: [] };
const right: Tunnel = {
  link: {
    ...eth0,
    ifname: 'wherry-vxlan',
    mtu: 1430,
    address: '0e:58:0a:f4:01:01',
    addr_info: [inet('10.244.1.1', 32)],
    linkinfo: { info_data: { id: 87, port: 8472, local: '192.0.2.5', learning: false } },
  },
  neighbours: [{ dst: '10.244.2.1', lladdr: '0e:58:0a:f4:02:01' }],
  entries: [{ mac: '0e:58:0a:f4:02:01', dst: '203.0.113.7' }],
};
const made = [
  'link add wherry-vxlan address 0e:58:0a:f4:01:01 type vxlan id 87 local 192.0.2.5 dstport 8472 nolearning',
  'link set wherry-vxlan addrgenmode none',
  'link set wherry-vxlan mtu 1430',
  'address add 10.244.1.1/32 dev wherry-vxlan',
  'link set wherry-vxlan up',
  'neighbour replace 10.244.2.1 lladdr 0e:58:0a:f4:02:01 dev wherry-vxlan nud permanent',
];
const entry = 'fdb append 0e:58:0a:f4:02:01 dev wherry-vxlan dst 203.0.113.7 self permanent';

test('made whole, smaller than the link below it', () => {
  assert.deepEqual(planTunnel(wish, none), { lines: made, entries: [entry], isAnew: true });
});

test('left alone when it is right, taken away when no node needs it', () => {
  assert.deepEqual(planTunnel(wish, right), { lines: [], entries: [], isAnew: false });
  const gone = { lines: ['link del wherry-vxlan'], entries: [], isAnew: false };
  assert.deepEqual(planTunnel({ ...wish, ways: [] }, right), gone);
  assert.deepEqual(planTunnel({ ...wish, ways: [] }, none), { ...gone, lines: [] });
});

test('made anew when it is of another address, network or kind', () => {
  const link = right.link as NonNullable<Tunnel['link']>;
  const wrong: NonNullable<Tunnel['link']>[] = [
    { ...link, address: '0e:58:0a:f4:09:01' },
    { ...link, linkinfo: { info_data: { id: 87, port: 8472, local: '192.0.2.6' } } },
    { ...link, linkinfo: { info_data: { id: 87, port: 4789, local: '192.0.2.5' } } },
    { ...link, linkinfo: {} },
  ];
  for (const each of wrong) {
    const { lines, entries, isAnew } = planTunnel(wish, { ...right, link: each });
    assert.deepEqual(
      { lines, entries, isAnew },
      { lines: ['link del wherry-vxlan', ...made], entries: [entry], isAnew: true },
    );
  }
});

test('follows nodes that come, go and change their address; what is not ours to say stays', () => {
  const ways = [way(2, '203.0.113.8'), way(3, '203.0.113.9')];
  const stale = { dst: '10.244.9.1', lladdr: '0e:58:0a:f4:09:01' };
  const observed = {
    ...right,
    neighbours: [...right.neighbours, stale],
    entries: [...right.entries, { mac: '33:33:00:00:00:01' }],
  };
  assert.deepEqual(planTunnel({ ...wish, ways }, observed), {
    lines: [
      'neighbour del 10.244.9.1 dev wherry-vxlan',
      'neighbour replace 10.244.3.1 lladdr 0e:58:0a:f4:03:01 dev wherry-vxlan nud permanent',
    ],
    entries: [
      'fdb del 0e:58:0a:f4:02:01 dev wherry-vxlan dst 203.0.113.7 self',
      'fdb append 0e:58:0a:f4:02:01 dev wherry-vxlan dst 203.0.113.8 self permanent',
      'fdb append 0e:58:0a:f4:03:01 dev wherry-vxlan dst 203.0.113.9 self permanent',
    ],
    isAnew: false,
  });
});

test('mended: down, another MTU, no address', () => {
  const link = { ...(right.link as NonNullable<Tunnel['link']>), flags: [], mtu: 1450, addr_info: [] };
  assert.deepEqual(planTunnel(wish, { ...right, link }).lines, made.slice(2, 5));
});
