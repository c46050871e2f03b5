import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backend, here, node, outside, plain, there } from './frontend-for-tests.ts';
import type { Frontend } from './frontends.ts';
import { nftLayout, nftServiceRules } from './nft-service-rules.ts';

/** Elements by set, and lines by chain; without hashes. */
function written(change: Partial<Frontend>): Record<string, readonly string[]> {
  const { chains, elements, memories } = nftServiceRules([{ ...plain, ...change }], node);
  const found: Record<string, string[]> = { memories: [...memories].map(brief) };
  for (const { of, key, value } of elements)
    found[of] = [...(found[of] ?? []), value ? `${key} : ${brief(value)}` : key];
  for (const [chain, lines] of chains) found[brief(chain)] = lines.map(brief);
  return found;
}

const brief = (text: string) => text.replaceAll(/-[0-9a-f]{16}/g, '');
const many = Array.from({ length: 9 }, (_, index) => backend(`10.244.2.${index + 1}`));
const toAll = '10.96.0.80 . tcp . 80 : goto to-3';
const mark = 'meta mark set meta mark | 0x4000';
const cases: [string, Partial<Frontend>, Record<string, readonly string[] | undefined>][] = [
  [
    'by the cluster address, each backend with the same chance; a pod of this node that reaches itself is masked',
    {},
    {
      doors: [toAll],
      'backends-0': ['10.96.0.80 . tcp . 80 : 10.244.1.2 . 8080'],
      'backends-1': ['10.96.0.80 . tcp . 80 : 10.244.2.3 . 8080'],
      'backends-2': ['10.96.0.80 . tcp . 80 : 10.244.3.4 . 8080'],
      'backends-3': undefined,
      'to-3': ['numgen random mod 3 vmap { 0 : goto backend-0, 1 : goto backend-1, 2 : goto backend-2 }'],
      hairpins: ['10.244.1.2 . 10.244.1.2'],
      ports: undefined,
      refused: undefined,
      memories: [],
    },
  ],
  [
    'of many backends in a chain of its own',
    { backends: many, localBackends: [] },
    {
      doors: ['10.96.0.80 . tcp . 80 : goto all'],
      all: [
        `meta l4proto tcp dnat ip to numgen random mod 9 map { ${many.map(({ address }, number) => `${number} : ${address} . 8080`).join(', ')} }`,
      ],
      'backends-0': undefined,
    },
  ],
  [
    'from outside, as the node; by a port of the node another map is asked',
    outside,
    {
      doors: [toAll, '192.0.2.7 . tcp . 80 : goto outside-to-3', '192.0.2.8 . tcp . 80 : goto outside-to-3'],
      ports: ['tcp . 30080 : goto outside-to-3-by-port'],
      'outside-to-3': [mark, 'goto to-3'],
      'outside-to-3-by-port': [mark, 'goto to-3-by-port'],
      'to-3-by-port': ['numgen random mod 3 vmap { 0 : goto by-port-0, 1 : goto by-port-1, 2 : goto by-port-2 }'],
      'by-ports-1': ['tcp . 30080 : 10.244.2.3 . 8080'],
    },
  ],
  [
    'from outside to this node’s backends, unmasked; but pods and the host itself to all',
    { externalIps: ['192.0.2.7'], nodePort: 30080, externalPolicy: 'Local' },
    {
      doors: [toAll, '192.0.2.7 . tcp . 80 : goto outside'],
      ports: ['tcp . 30080 : goto outside-by-port'],
      outside: ['ip saddr 10.244.0.0/16 goto to-3', `fib saddr type local ${mark} goto to-3`, 'goto near'],
      'outside-by-port': [
        'ip saddr 10.244.0.0/16 goto to-3-by-port',
        `fib saddr type local ${mark} goto to-3-by-port`,
        'goto near',
      ],
      near: ['meta l4proto tcp dnat ip to numgen random mod 1 map { 0 : 10.244.1.2 . 8080 }'],
    },
  ],
  [
    'dropped from outside where only other nodes have backends',
    { externalIps: ['192.0.2.7'], externalPolicy: 'Local', backends: there, localBackends: [] },
    {
      outside: ['ip saddr 10.244.0.0/16 goto to-2', `fib saddr type local ${mark} goto to-2`, 'drop'],
      hairpins: undefined,
    },
  ],
  [
    'inside to this node’s backends alone',
    { internalPolicy: 'Local' },
    { doors: ['10.96.0.80 . tcp . 80 : goto to-1'], 'backends-1': undefined },
  ],
  [
    'inside to one of this node that serves no other node: it reaches itself, too',
    { internalPolicy: 'Local', backends: there },
    { 'backends-0': ['10.96.0.80 . tcp . 80 : 10.244.1.2 . 8080'], hairpins: ['10.244.1.2 . 10.244.1.2'] },
  ],
  [
    'dropped inside where only other nodes have backends, yet served from outside',
    { nodePort: 30080, internalPolicy: 'Local', backends: there, localBackends: [] },
    { doors: ['10.96.0.80 . tcp . 80 : drop'], ports: ['tcp . 30080 : goto outside-to-2-by-port'], refused: undefined },
  ],
  [
    'refused everywhere without backends',
    { ...outside, externalPolicy: 'Local', backends: [], localBackends: [] },
    {
      doors: undefined,
      ports: undefined,
      refused: ['10.96.0.80 . tcp . 80', '192.0.2.7 . tcp . 80', '192.0.2.8 . tcp . 80'],
      'refused-ports': ['tcp . 30080'],
    },
  ],
  [
    'by the load balancer from some sources only, this node among them',
    { balancerIps: ['192.0.2.8'], sourceRanges: ['192.0.2.0/28', '198.51.100.0/24'] },
    {
      doors: [toAll, '192.0.2.8 . tcp . 80 : goto sources'],
      sources: [
        'ip saddr 192.0.2.0/28 goto outside-to-3',
        'ip saddr 198.51.100.0/24 goto outside-to-3',
        'ip saddr 192.0.2.8 goto outside-to-3',
        'drop',
      ],
    },
  ],
  [
    'a client to the backend that it had, by whatever door',
    { backends: [here, ...there.slice(1)], affinitySeconds: 600, protocol: 'udp', nodePort: 30080 },
    {
      memories: ['clients-10.244.1.2-8080', 'clients-10.244.3.4-8080'],
      doors: ['10.96.0.80 . udp . 80 : goto all'],
      ports: ['udp . 30080 : goto outside-all'],
      all: [
        'ip saddr @clients-10.244.1.2-8080 goto sticky-10.244.1.2-8080',
        'ip saddr @clients-10.244.3.4-8080 goto sticky-10.244.3.4-8080',
        'numgen random mod 2 vmap { 0 : goto sticky-10.244.1.2-8080, 1 : goto sticky-10.244.3.4-8080 }',
      ],
      'sticky-10.244.3.4-8080': [
        'update @clients-10.244.3.4-8080 { ip saddr timeout 600s }',
        'meta l4proto udp dnat ip to 10.244.3.4:8080',
      ],
    },
  ],
  [
    'of this node’s backends inside and of all outside, to each of them a client comes back',
    { internalPolicy: 'Local', affinitySeconds: 600, nodePort: 30080 },
    {
      doors: ['10.96.0.80 . tcp . 80 : goto near'],
      near: [
        'ip saddr @clients-10.244.1.2-8080 goto sticky-10.244.1.2-8080',
        'numgen random mod 1 vmap { 0 : goto sticky-10.244.1.2-8080 }',
      ],
      'outside-all': [mark, 'goto all'],
    },
  ],
];

for (const [name, change, expected] of cases) {
  test(`elements: ${name}`, () => {
    const found = written(change);
    for (const [part, lines] of Object.entries(expected)) assert.deepEqual(found[part], lines, part);
  });
}

test('services that are alike share their chains, and no others', () => {
  const chainsOf = (change: Partial<Frontend>) => [
    ...nftServiceRules([{ ...plain, ...outside, ...change }], node).chains.keys(),
  ];
  const other = { name: 'shop/other', clusterIp: '10.96.0.81' };
  assert.deepEqual(chainsOf(other), chainsOf({}));
  const own = { externalPolicy: 'Local', affinitySeconds: 5 } as const;
  assert.deepEqual(new Set([...chainsOf({ ...other, ...own }), ...chainsOf(own)]).size, 2 * chainsOf(own).length);
});

test('a backend that is not there any more, for a moment, leads to the first one', () => {
  const { chains } = nftLayout(node);
  const lookUp = (number: number) => `dnat ip to ip daddr . meta l4proto . th dport map @backends-${number}`;
  assert.deepEqual(chains['backend-2']?.lines, [lookUp(2), lookUp(0)]);
  assert.deepEqual(chains['backend-0']?.lines, [lookUp(0)]);
});

test('the DNS address is answered by the host itself: no service takes it away', () => {
  const { chains, elements } = nftServiceRules([{ ...plain, clusterIp: node.settings.dnsAddress }], node);
  assert.deepEqual([chains.size, elements.length], [0, 0]);
});
