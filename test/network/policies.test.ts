import { after, before, describe, test } from 'node:test';
import type { policyObject } from './objects.ts';
import { PolicyBench, type Reach } from './policy-bench.ts';

interface Case {
  name: string;
  policies: Record<string, Parameters<typeof policyObject>[1]>;
  open?: Reach[];
  closed?: Reach[];
}

const app = (name: string) => ({ matchLabels: { app: name } });
const back = { matchLabels: { tier: 'back' } };
const web = { podSelector: app('web') };

const cases: Case[] = [
  {
    name: 'without policies all is open',
    policies: {},
    open: [
      ...(['cart', 'vault', 'till', 'thief', 'a', 'b'] as const).flatMap((from): Reach[] => [
        `${from} > web:8080`,
        `${from} > web:8080/udp`,
      ]),
      'till > service:80',
      'web > service:80',
      'client > a:30080',
      'client > b:30080',
    ],
  },
  {
    name: 'ingress denied: nobody gets in but the own node; what the pods ask for is answered; others are as before',
    policies: { deny: {} },
    closed: [
      'cart > web:8080',
      'cart > web:8080/udp',
      'vault > web:8080',
      'till > web:8080',
      'thief > web:8080/udp',
      'thief > cart:8080',
      'b > web:8080',
      'a > till:8080',
      'till > service:80',
      'client > a:30080',
      'client > b:30080',
    ],
    open: [
      'a > web:8080',
      'a > web:8080/udp',
      'b > till:8080',
      'a > service:80',
      'web > web:8080',
      'web > service:80',
      'web > vault:8080',
      'web > thief:8080/udp',
      'till > vault:8080',
      'cart > thief:8080',
      'thief > vault:8080',
    ],
  },
  {
    name: 'by pods, by namespaces, by both at once; through services by the address of the pod',
    policies: {
      deny: {},
      carts: { ...web, ingress: [{ from: [{ podSelector: app('cart') }], ports: [{ port: 8080 }] }] },
      'bank/thieves': { podSelector: {}, ingress: [{ from: [{ namespaceSelector: back, podSelector: app('cart') }] }] },
    },
    open: ['cart > web:8080', 'cart > service:80', 'thief > vault:8080', 'thief > vault:8080/udp'],
    closed: [
      'till > web:8080',
      'thief > web:8080',
      'thief > service:80',
      'cart > web:8080/udp',
      'cart > web:8090',
      'cart > vault:8080',
      'web > vault:8080',
      'till > thief:8080',
    ],
  },
  {
    name: 'by namespaces',
    policies: { back: { ...web, ingress: [{ from: [{ namespaceSelector: back }] }] } },
    open: ['thief > web:8080', 'vault > web:8080/udp', 'vault > service:80', 'till > cart:8080'],
    closed: ['cart > web:8080', 'till > web:8080', 'till > service:80'],
  },
  {
    name: 'by ports: names, ranges, protocols; and what is denied by one policy is allowed by the other',
    policies: {
      named: { ...web, ingress: [{ ports: [{ port: 'http' }] }] },
      range: { ...web, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8085, endPort: 8095 }] }] },
      datagrams: { ...web, ingress: [{ from: [{ podSelector: app('till') }], ports: [{ protocol: 'UDP' }] }] },
    },
    open: ['thief > web:8080', 'cart > web:8090', 'till > web:8090', 'till > web:8099/udp', 'till > web:8080/udp'],
    closed: ['thief > web:8090', 'cart > web:8099', 'cart > web:8090/udp', 'thief > web:8080/udp'],
  },
  {
    name: 'by addresses, with exceptions; from outside',
    policies: {
      block: {
        ...web,
        ingress: [
          { from: [{ ipBlock: { cidr: '172.30.7.0/24', except: ['172.30.7.12/32'] } }], ports: [{ port: 8080 }] },
        ],
      },
    },
    open: ['client > a:30080', 'a > web:8080'],
    closed: ['b > web:8080', 'till > web:8080', 'client > b:30080'],
  },
  {
    name: 'egress denied: nobody gets out but to the own node and to itself; who gets in is answered',
    policies: { deny: { policyTypes: ['Egress'] } },
    closed: [
      'web > cart:8080',
      'web > vault:8080/udp',
      'web > till:8080',
      'till > thief:8080',
      'cart > service:80',
      'web > b:30080',
    ],
    open: ['thief > web:8080', 'vault > cart:8080/udp', 'web > web:8080', 'web > service:80', 'thief > service:80'],
  },
  {
    name: 'egress by pods, names of ports and addresses; both ends must agree',
    policies: {
      out: {
        podSelector: app('cart'),
        policyTypes: ['Egress'],
        egress: [
          { to: [{ podSelector: app('web') }, { podSelector: app('till') }], ports: [{ port: 'http' }] },
          { to: [{ namespaceSelector: back, podSelector: app('vault') }], ports: [{ protocol: 'UDP', port: 8080 }] },
          { to: [{ ipBlock: { cidr: '10.244.2.0/24' } }], ports: [{ port: 8090 }] },
        ],
      },
      in: { ...web, ingress: [{ from: [{ podSelector: app('till') }] }] },
    },
    open: ['cart > till:8080', 'cart > vault:8080/udp', 'cart > thief:8090', 'till > web:8080', 'web > cart:8080'],
    closed: ['cart > web:8080', 'cart > service:80', 'cart > vault:8080', 'cart > thief:8080', 'cart > till:8080/udp'],
  },
];

// Also with and without bridged traffic in the rules.
const hosts = [
  { flavour: 'nft', bridgedTraffic: '1' },
  { flavour: 'legacy', bridgedTraffic: '0' },
];

for (const { flavour, bridgedTraffic } of hosts) {
  describe(`network policies on iptables-${flavour}`, { concurrency: false }, () => {
    let bench: PolicyBench;
    before(async () => {
      bench = await PolicyBench.open(flavour, bridgedTraffic);
    });
    after(async () => await bench?.lab.close());

    for (const { name, policies, ...expected } of cases) {
      test(name, async () => {
        await bench.setPolicies(policies);
        await bench.settled(expected);
      });
    }

    test('who is selected follows the labels of pods and namespaces', async () => {
      const carts = { ...web, ingress: [{ from: [{ namespaceSelector: back, podSelector: app('cart') }] }] };
      await bench.setPolicies({ carts });
      await bench.settled({ open: ['thief > web:8080'], closed: ['vault > web:8080', 'till > web:8080'] });
      await bench.tellAddress('vault', { namespace: 'bank', labels: { app: 'cart' }, host: 0 });
      await bench.settled({ open: ['vault > web:8080', 'thief > web:8080'] });
      await bench.tellAddress('vault', { namespace: 'bank', labels: { app: 'vault' }, host: 0 });
      await bench.tellAddress('web', { namespace: 'shop', labels: { app: 'shop' }, host: 0 });
      await bench.settled({ open: ['vault > web:8080', 'till > web:8080'] });
      await bench.tellAddress('web', { namespace: 'shop', labels: { app: 'web' }, host: 0 });
      await bench.settled({ closed: ['vault > web:8080', 'till > web:8080'] });
    });
  });
}
