import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permit, PodVerdict } from './policy-plan.ts';
import { policyChains } from './policy-rules.ts';

const tcp80 = { protocol: 'tcp', ports: { first: 80, last: 80 } } as const;

function chainsOf(verdicts: PodVerdict[], sets: Record<string, string[]> = {}) {
  return policyChains({ sets: new Map(Object.entries(sets)), verdicts });
}

/** The rules of the only chain whose name begins so. */
function chain(chains: ReturnType<typeof chainsOf>, start: RegExp): readonly string[] {
  const found = [...chains].filter(([name]) => start.test(name));
  assert.equal(found.length, 1, `${start}: ${found.map(([name]) => name)}`);
  return found[0]?.[1] ?? [];
}

const ingressOf = (...ingress: Permit[]): PodVerdict => ({ address: '10.244.1.2', ingress, egress: undefined });

test('without policies nothing is compared', () => {
  assert.deepEqual([...chainsOf([])], [['WHERRY-POLICY', []]]);
});

test('what leaves a pod must be allowed to, and then to enter', () => {
  const chains = chainsOf([
    { address: '10.244.1.3', ingress: undefined, egress: [{ peers: undefined, ports: [tcp80] }] },
    { address: '10.244.1.2', ingress: [], egress: undefined },
  ]);
  const names = [...chains.keys()];
  const leaving = names.find((name) => /^WHERRY-POL-E[0-9A-V]{9}$/.test(name));
  const entering = names.find((name) => /^WHERRY-POL-I/.test(name));
  assert.deepEqual(chains.get('WHERRY-POLICY'), [
    '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
    '-s 10.244.1.2/32 -d 10.244.1.2/32 -j RETURN',
    '-s 10.244.1.3/32 -d 10.244.1.3/32 -j RETURN',
    `-s 10.244.1.3/32 -j ${leaving}`,
    '-j WHERRY-POL-ENTER',
  ]);
  assert.deepEqual(chains.get('WHERRY-POL-ENTER'), [`-d 10.244.1.2/32 -j ${entering}`]);
  assert.deepEqual(chains.get('WHERRY-POL-LEAVE'), ['-j WHERRY-POL-ENTER', '-j ACCEPT']);
  assert.deepEqual(chains.get(leaving ?? ''), ['-p tcp -m tcp --dport 80 -j WHERRY-POL-LEAVE', '-j DROP']);
  assert.deepEqual(chains.get(entering ?? ''), ['-j DROP']);
});

test('ports and peers are written as iptables writes them', () => {
  const range = { protocol: 'udp', ports: { first: 5000, last: 5010 } } as const;
  const peers = [
    { block: '192.0.2.0/24', except: [] },
    { block: '0.0.0.0/0', except: [] },
  ];
  const chains = chainsOf([ingressOf({ peers, ports: [range, { protocol: 'tcp' }] })]);
  assert.deepEqual(chain(chains, /^WHERRY-POL-I/), [
    '-s 192.0.2.0/24 -p udp -m udp --dport 5000:5010 -j ACCEPT',
    '-p udp -m udp --dport 5000:5010 -j ACCEPT',
    '-s 192.0.2.0/24 -p tcp -j ACCEPT',
    '-p tcp -j ACCEPT',
    '-j DROP',
  ]);
});

test('an exception leaves the question to what else is permitted', () => {
  const peers = [{ block: '0.0.0.0/0', except: ['10.0.0.0/8'] }];
  const chains = chainsOf([ingressOf({ peers, ports: [tcp80] })]);
  assert.match(chain(chains, /^WHERRY-POL-I/)[0] ?? '', /^-p tcp -m tcp --dport 80 -j WHERRY-POL-PI/);
  assert.deepEqual(chain(chains, /^WHERRY-POL-PI/), ['-s 10.0.0.0/8 -j RETURN', '-j ACCEPT']);
});

test('pods of which the same is said share a chain; one more address in a set changes the chain of the set alone', () => {
  const permit: Permit = { peers: [{ set: 'carts' }], ports: undefined };
  const verdicts = [ingressOf(permit), { ...ingressOf(permit), address: '10.244.1.9' }];
  const before = chainsOf(verdicts, { carts: ['10.244.2.3'] });
  assert.deepEqual(chain(before, /^WHERRY-POL-PI/), ['-s 10.244.2.3/32 -j ACCEPT']);
  chain(before, /^WHERRY-POL-I/);
  const after = chainsOf(verdicts, { carts: ['10.244.2.3', '10.244.2.4'] });
  const changed = [...after].filter(([name, lines]) => lines.join() !== before.get(name)?.join());
  assert.deepEqual(
    changed.map(([name]) => name.slice(0, 13)),
    ['WHERRY-POL-PI'],
  );
});

test('a large set is found by the start of the address; no name is longer than the kernel allows', () => {
  const addresses = Array.from({ length: 200 }, (_, index) => `10.244.${index % 4}.${index}`);
  const chains = chainsOf([ingressOf({ peers: [{ set: 'all' }], ports: undefined })], { all: addresses });
  const heads = chain(chains, /^WHERRY-POL-PI.{9}$/);
  assert.equal(heads.length, 4);
  assert.match(heads[0] ?? '', /^-s 10\.244\.0\.0\/24 -j WHERRY-POL-PI.{9}0AF400$/);
  const small = [...chains].filter(([name]) => /0AF40\d$/.test(name));
  assert.deepEqual(
    small.map(([, lines]) => lines.length),
    [50, 50, 50, 50],
  );
  for (const name of chains.keys()) assert.ok(name.length <= 28, name);
});
