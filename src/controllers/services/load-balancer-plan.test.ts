import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddressRange } from '../../api/address-range.ts';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { Service } from '../../api/kinds/service.ts';
import { type BalancerView, planBalancers } from './load-balancer-plan.ts';

let born = 0;
function service(name: string, spec: Partial<Service['spec']> = {}, held?: string, announcedBy?: string): Service {
  const creationTimestamp = `2026-01-01T00:00:${String(born++ % 60).padStart(2, '0')}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'shop',
      creationTimestamp,
      ...(announcedBy && { annotations: { 'wherry.io/announced-by': announcedBy } }),
    },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    status: { loadBalancer: held ? { ingress: [{ ip: held, ipMode: 'VIP' }] } : {} },
  };
}

function node(name: string, number: number, ready = 'True', labels: Record<string, string> = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: {},
    status: {
      addresses: [{ type: 'InternalIP', address: `172.30.7.${number}` }],
      conditions: [{ type: 'Ready', status: ready }],
    },
  } as Node;
}

const [a, b] = [node('a', 11), node('b', 12)];
const sliceOn = (nodeName: string, ready = true) =>
  [{ endpoints: [{ addresses: ['10.244.0.2'], nodeName, conditions: { ready } }] }] as EndpointSlice[];

function planned(services: Service[], view: Partial<BalancerView> = {}, pool = '192.0.2.0/30'): Record<string, string> {
  const range = parseAddressRange(pool);
  const plans = planBalancers({
    services,
    nodes: [a, b],
    slicesOf: () => [],
    pool: range ? [range] : [],
    reservedPorts: new Set(['22/TCP']),
    ...view,
  });
  return Object.fromEntries(
    [...plans].map(([key, { addresses, announcedBy, fault }]) => [
      key.slice('shop/'.length),
      fault ?? `${addresses.join(',')}${announcedBy ? ` on ${announcedBy}` : ''}`,
    ]),
  );
}

const dead = node('a', 11, 'Unknown');
const excluded = node('a', 11, 'True', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' });
const leaving = { ...a, metadata: { ...a.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
const local = { externalTrafficPolicy: 'Local' } as const;

const cases: [string, Record<string, string>, Record<string, string>][] = [
  [
    'each its own address, spread over the nodes',
    planned([service('one'), service('two'), service('three')]),
    { one: '192.0.2.0 on a', two: '192.0.2.1 on b', three: '192.0.2.2 on a' },
  ],
  [
    'who has one keeps it, also where an older one waits',
    planned([service('one'), service('two', {}, '192.0.2.0', 'b')]),
    { two: '192.0.2.0 on b', one: '192.0.2.1 on a' },
  ],
  [
    'of two that say they have the same, the older has it',
    planned([service('one', {}, '192.0.2.0', 'a'), service('two', {}, '192.0.2.0', 'a')]),
    { one: '192.0.2.0 on a', two: '192.0.2.1 on a' },
  ],
  [
    'who asks for one gets that or is told why not',
    planned([
      service('one', { loadBalancerIP: '192.0.2.3' }),
      service('two', { loadBalancerIP: '192.0.2.3' }),
      service('three', { loadBalancerIP: '192.0.2.9' }),
      service('four', { loadBalancerIP: '192.0.2.2' }, '192.0.2.1', 'b'),
    ]),
    {
      one: '192.0.2.3 on a',
      two: '192.0.2.3 is taken by shop/one',
      three: '192.0.2.9 is not in the pool of addresses',
      four: '192.0.2.2 on b',
    },
  ],
  [
    'one that asks for what is no IPv4 address is told so, and the others are served',
    planned([
      service('name', { loadBalancerIP: 'balancer.example' }),
      service('other', { loadBalancerIP: '2001:db8::7' }),
      service('short', { loadBalancerIP: '192.0.513' }),
      service('good'),
    ]),
    {
      name: 'balancer.example is no IPv4 address',
      other: '2001:db8::7 is no IPv4 address',
      short: '192.0.513 is no IPv4 address',
      good: '192.0.2.0 on a',
    },
  ],
  ['what others gave is no address of ours', planned([service('one', {}, '2001:db8::7')]), { one: '192.0.2.0 on a' }],
  [
    'an address with zeros is the one that the nodes make of it',
    planned(
      [service('asks', { loadBalancerIP: '192.0.2.010' }), service('has', {}, '192.0.2.011')],
      {},
      '192.0.2.0/28',
    ),
    { asks: '192.0.2.10 on a', has: '192.0.2.11 on b' },
  ],
  [
    'no more than there are',
    planned(
      ['1', '2', '3'].map((name) => service(name)),
      {},
      '192.0.2.8-192.0.2.9',
    ),
    { 1: '192.0.2.8 on a', 2: '192.0.2.9 on b', 3: 'all addresses of the pool are taken' },
  ],
  [
    'what is outside a pool that was made smaller is given back',
    planned([service('one', {}, '192.0.2.77', 'a')]),
    { one: '192.0.2.0 on a' },
  ],
  [
    'a node that died is left',
    planned([service('one', {}, '192.0.2.0', 'a')], { nodes: [dead, b] }),
    { one: '192.0.2.0 on b' },
  ],
  [
    'and stays where there is no other',
    planned([service('one', {}, '192.0.2.0', 'a')], { nodes: [dead] }),
    { one: '192.0.2.0 on a' },
  ],
  ['nodes that leave are left out', planned([service('one')], { nodes: [leaving, b] }), { one: '192.0.2.0 on b' }],
  [
    'nodes that are excluded are left out',
    planned([service('one')], { nodes: [excluded, b] }),
    { one: '192.0.2.0 on b' },
  ],
  [
    'a service that each node serves alone is announced where its endpoints are, and moves with them',
    planned([service('one', local, '192.0.2.0', 'a')], { slicesOf: () => sliceOn('b') }),
    { one: '192.0.2.0 on b' },
  ],
  [
    'but not because of endpoints that are not ready',
    planned([service('one', local, '192.0.2.0', 'a')], { slicesOf: () => sliceOn('b', false) }),
    { one: '192.0.2.0 on a' },
  ],
  [
    'those of another class or type, and those that go, are left alone',
    planned([
      service('other', { loadBalancerClass: 'example.com/lb' }),
      service('plain', { type: 'ClusterIP' }),
      { ...service('gone'), metadata: { name: 'gone', deletionTimestamp: 'now' } },
    ]),
    {},
  ],
  [
    'without a pool the addresses of all nodes that are ready; a port is of the one that had it, then of the older one',
    planned([service('one'), service('two', { ports: [{ port: 443, protocol: 'TCP' }] }), service('three')], {}, ''),
    {
      one: '172.30.7.11,172.30.7.12',
      two: '172.30.7.11,172.30.7.12',
      three: "port 80/TCP of the nodes' addresses is taken by shop/one",
    },
  ],
  [
    'without a pool who holds a port keeps it',
    planned([service('one'), service('two', {}, '172.30.7.11')], { nodes: [a] }, ''),
    { two: '172.30.7.11', one: "port 80/TCP of the nodes' addresses is taken by shop/two" },
  ],
  [
    'without a pool nobody gets the ports that nodes need',
    planned([service('one', { ports: [{ port: 22, protocol: 'TCP' }] })], {}, ''),
    { one: "port 22/TCP is the nodes' own" },
  ],
  [
    'without a pool only nodes with endpoints where each serves alone, and one that is asked for',
    planned(
      [
        service('one', local),
        service('two', { ports: [{ port: 81 }], loadBalancerIP: '172.30.7.12' }),
        service('three', { ports: [{ port: 82 }], loadBalancerIP: '1.1.1.1' }),
      ],
      { slicesOf: () => sliceOn('b') },
      '',
    ),
    { one: '172.30.7.12', two: '172.30.7.12', three: '1.1.1.1 is no address of a node that is ready' },
  ],
];

for (const [name, seen, expected] of cases) test(`load balancers: ${name}`, () => assert.deepEqual(seen, expected));
