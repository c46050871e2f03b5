import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backend, here, node, outside, plain, there } from './frontend-for-tests.ts';
import type { Frontend } from './frontends.ts';
import { serviceRules } from './service-rules.ts';

/** Without hashes, comments and what every rule of this port says. */
const brief = (text: string) =>
  text
    .replace(/-[0-9A-F]{16}/g, '')
    .replace(/ -m comment --comment "[^"]*"/g, '')
    .replace(/-p tcp -m tcp --dport (\d+) ?/g, ':$1 ');

function written(change: Partial<Frontend>): Record<string, string[]> {
  const { chains, contributions } = serviceRules([{ ...plain, ...change }], node);
  const found: Record<string, string[]> = {};
  for (const [chain, lines] of chains) found[brief(chain)] = lines.map(brief);
  for (const { chain, line } of contributions) found[chain] = [...(found[chain] ?? []), brief(line)];
  return found;
}

const toAll = ['-d 10.96.0.80/32 :80 -j WHERRY-SVC'];
const oneOfThree = [
  '-m statistic --mode random --probability 0.33333333349 -j DNAT --to-destination 10.244.1.2:8080',
  '-m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.244.2.3:8080',
  '-j DNAT --to-destination 10.244.3.4:8080',
];
const recent = (what: string, address: string) =>
  `-m recent ${what} --name WHERRY-AFF-${address}-8080 --mask 255.255.255.255 --rsource -j DNAT --to-destination ${address}:8080`;
const many = Array.from({ length: 9 }, (_, index) => backend(`10.244.2.${index + 1}`));
const cases: [string, Partial<Frontend>, Record<string, string[] | undefined>][] = [
  [
    'by the cluster address, each backend with the same chance; a pod of this node that reaches itself is masked',
    {},
    {
      'WHERRY-SERVICES': oneOfThree.map((rule) => `-d 10.96.0.80/32 :80 ${rule}`),
      'WHERRY-SVC': undefined,
      'WHERRY-HAIRPIN': ['-s 10.244.1.2/32 -d 10.244.1.2/32 -j MASQUERADE --random-fully'],
      'WHERRY-EXT': undefined,
      'WHERRY-SVL': undefined,
      'WHERRY-REFUSED': undefined,
    },
  ],
  [
    'of many backends in a chain of its own, through which nobody else has to walk',
    { backends: many, localBackends: [] },
    { 'WHERRY-SERVICES': toAll, 'WHERRY-EXT': undefined },
  ],
  [
    'from outside, as the node',
    outside,
    {
      'WHERRY-EXT': ['-j WHERRY-MARK', '-j WHERRY-SVC'],
      'WHERRY-SVC': oneOfThree.map((rule) => `-p tcp ${rule}`),
      'WHERRY-NODEPORTS': [':30080 -j WHERRY-EXT'],
      'WHERRY-SERVICES': [...toAll, '-d 192.0.2.7/32 :80 -j WHERRY-EXT', '-d 192.0.2.8/32 :80 -j WHERRY-EXT'],
    },
  ],
  [
    'from outside to this node’s backends, unmasked; but pods and the host itself to all',
    { ...outside, externalPolicy: 'Local' },
    {
      'WHERRY-EXT': [
        '-s 10.244.0.0/16 -j WHERRY-SVC',
        '-m addrtype --src-type LOCAL -j WHERRY-MARK',
        '-m addrtype --src-type LOCAL -j WHERRY-SVC',
        '-j WHERRY-SVL',
      ],
      'WHERRY-SVL': ['-p tcp -j DNAT --to-destination 10.244.1.2:8080'],
      'WHERRY-SERVICES': [...toAll, '-d 192.0.2.7/32 :80 -j WHERRY-EXT', '-d 192.0.2.8/32 :80 -j WHERRY-EXT'],
      'WHERRY-REFUSED': undefined,
    },
  ],
  [
    'dropped from outside where only other nodes have backends',
    { ...outside, externalPolicy: 'Local', backends: there, localBackends: [] },
    {
      'WHERRY-SVL': undefined,
      'WHERRY-SERVICES': [...toAll, '-d 192.0.2.7/32 :80 -j WHERRY-EXT', '-d 192.0.2.8/32 :80 -j WHERRY-EXT'],
      'WHERRY-REFUSED': [
        '-d 192.0.2.7/32 :80 -j DROP',
        '-d 192.0.2.8/32 :80 -j DROP',
        ':30080 -m addrtype --dst-type LOCAL -j DROP',
      ],
    },
  ],
  [
    'inside to this node’s backends alone',
    { internalPolicy: 'Local' },
    {
      'WHERRY-SVC': undefined,
      'WHERRY-SERVICES': ['-d 10.96.0.80/32 :80 -j DNAT --to-destination 10.244.1.2:8080'],
      'WHERRY-HAIRPIN': ['-s 10.244.1.2/32 -d 10.244.1.2/32 -j MASQUERADE --random-fully'],
    },
  ],
  [
    'dropped inside where only other nodes have backends, yet served from outside',
    { nodePort: 30080, internalPolicy: 'Local', backends: there, localBackends: [] },
    {
      'WHERRY-SERVICES': undefined,
      'WHERRY-REFUSED': ['-d 10.96.0.80/32 :80 -j DROP'],
      'WHERRY-NODEPORTS': [':30080 -j WHERRY-EXT'],
    },
  ],
  [
    'refused everywhere without backends, by reset',
    { ...outside, externalPolicy: 'Local', backends: [], localBackends: [] },
    {
      'WHERRY-SERVICES': undefined,
      'WHERRY-NODEPORTS': undefined,
      'WHERRY-REFUSED': [
        '-d 10.96.0.80/32 :80 -j REJECT --reject-with tcp-reset',
        '-d 192.0.2.7/32 :80 -j REJECT --reject-with tcp-reset',
        '-d 192.0.2.8/32 :80 -j REJECT --reject-with tcp-reset',
        ':30080 -m addrtype --dst-type LOCAL -j REJECT --reject-with tcp-reset',
      ],
    },
  ],
  [
    'by the load balancer from some sources only, this node among them',
    { balancerIps: ['192.0.2.8'], sourceRanges: ['192.0.2.0/28', '198.51.100.0/24'] },
    {
      'WHERRY-FW': [
        '-s 192.0.2.0/28 -j WHERRY-EXT',
        '-s 198.51.100.0/24 -j WHERRY-EXT',
        '-s 192.0.2.8/32 -j WHERRY-EXT',
      ],
      'WHERRY-SERVICES': [...toAll, '-d 192.0.2.8/32 :80 -j WHERRY-FW'],
      'WHERRY-REFUSED': ['-d 192.0.2.8/32 :80 -j DROP'],
    },
  ],
  [
    'a client to the backend that it had',
    { backends: [here, ...there.slice(1)], affinitySeconds: 600 },
    {
      'WHERRY-SERVICES': [
        recent('--update --seconds 600 --reap', '10.244.1.2'),
        recent('--update --seconds 600 --reap', '10.244.3.4'),
        `-m statistic --mode random --probability 0.50000000000 ${recent('--set', '10.244.1.2')}`,
        recent('--set', '10.244.3.4'),
      ].map((rule) => `-d 10.96.0.80/32 :80 ${rule}`),
    },
  ],
];

for (const [name, change, expected] of cases) {
  test(`rules: ${name}`, () => {
    const found = written(change);
    for (const [chain, lines] of Object.entries(expected)) assert.deepEqual(found[chain], lines, chain);
  });
}

test('names of chains are short enough for the kernel, and of each service its own', () => {
  const { chains } = serviceRules(
    [plain, { ...plain, name: 'shop/other' }].map((one) => ({ ...one, ...outside })),
    node,
  );
  assert.equal(chains.size, 4);
  for (const chain of chains.keys()) assert.ok(chain.length <= 28);
});

test('one rule of a service bears its name, and none where there are too many', () => {
  const namedIn = (areNamed: boolean) =>
    serviceRules([plain], node, { areNamed }).contributions.filter(({ line }) => line.includes('"shop/web:http"'))
      .length;
  assert.deepEqual([namedIn(true), namedIn(false)], [1, 0]);
});

test('UDP is refused by ICMP', () => {
  const { contributions } = serviceRules([{ ...plain, protocol: 'udp', backends: [], localBackends: [] }], node);
  assert.match(contributions[0]?.line ?? '', /-p udp -m udp --dport 80 .*icmp-port-unreachable$/);
});

test('the DNS address is answered by the host itself: no service takes it away', () => {
  const { chains, contributions } = serviceRules(
    [{ ...plain, clusterIp: node.settings.dnsAddress, backends: [] }],
    node,
  );
  assert.deepEqual([chains.size, contributions.length], [0, 0]);
});
