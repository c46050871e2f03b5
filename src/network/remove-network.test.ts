import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Link } from './ip-command.ts';
import { planRemoval } from './remove-network.ts';

const link = (ifname: string, rest: Partial<Link> = {}): Link => {
  return { ifindex: 1, ifname, mtu: 1500, operstate: 'UP', flags: ['UP'], ...rest };
};

test('takes what is ours, the bridge last, and nothing else', () => {
  const links = [
    link('eth0'),
    link('wherry0', { ifalias: 'was:net/ipv4/ip_forward=0' }),
    link('wh0af40102', { master: 'wherry0' }),
    link('wh0af40103', { master: 'lxcbr0' }),
    link('whatever', { master: 'wherry0' }),
  ];
  assert.deepEqual(planRemoval(links, [{ dst: '10.244.2.0/24', gateway: '192.0.2.2', dev: 'eth0' }]), {
    lines: ['route del 10.244.2.0/24 dev eth0 proto 87', 'link del wh0af40102', 'link del wherry0'],
    sysctls: { 'net/ipv4/ip_forward': '0' },
  });
  const tunnel = [link('wherry-vxlan'), link('wherry0'), link('vxlan0')];
  assert.deepEqual(planRemoval(tunnel, []).lines, ['link del wherry-vxlan', 'link del wherry0']);
  assert.deepEqual(planRemoval([link('eth0')], []), { lines: [], sysctls: {} });
});
