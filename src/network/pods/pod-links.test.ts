import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Link } from '../ip-command.ts';
import { isWired, type Wiring } from './pod-links.ts';

const link = (ifname: string, rest: Partial<Link> = {}): Link => {
  return { ifindex: 7, ifname, mtu: 1500, operstate: 'UP', flags: ['UP'], ...rest };
};
const lo = link('lo', { ifindex: 1 });
const addr_info = [{ family: 'inet', local: '10.244.1.2', prefixlen: 32 }];
const eth0 = link('eth0', { ifindex: 2, link_index: 7, addr_info });
const right = {
  address: '10.244.1.2',
  gateway: '10.244.1.1',
  hostLink: link('wh0af40102', { master: 'wherry0' }),
  podLinks: [lo, eth0],
  routes: [{ gateway: '10.244.1.1' }],
};

const wrong: [string, Partial<Wiring>][] = [
  ['without a link on the host', { hostLink: undefined }],
  ['when the link is on no bridge', { hostLink: link('wh0af40102') }],
  ['when the link is down', { hostLink: link('wh0af40102', { master: 'wherry0', flags: [] }) }],
  ['when the link leads into another namespace', { podLinks: [lo, { ...eth0, link_index: 8 }] }],
  ['without eth0', { podLinks: [lo] }],
  ['when eth0 has another address', { podLinks: [lo, { ...eth0, addr_info: [] }] }],
  ['when loopback is down', { podLinks: [{ ...lo, flags: [] }, eth0] }],
  ['without a default route', { routes: [] }],
  ['when the default route leads elsewhere', { routes: [{ gateway: '10.244.9.1' }] }],
];

test('a pod is wired when all is as it was made', () => assert.equal(isWired(right), true));
for (const [name, change] of wrong)
  test(`a pod is not wired ${name}`, () => assert.equal(isWired({ ...right, ...change }), false));
