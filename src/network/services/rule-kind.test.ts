import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flavour } from '../iptables/iptables.ts';
import { chooseRuleKind, type RuleKind, type RuleKindWish } from './rule-kind.ts';

const obstacle = 'no such program';
const cases: [RuleKindWish, Flavour, string | undefined, RuleKind['kind'] | undefined, RegExp][] = [
  ['auto', '-nft', undefined, 'nftables', /all it takes/],
  ['auto', '-nft', obstacle, 'iptables', /no such program/],
  ['auto', '-legacy', undefined, 'iptables', /outside of nftables/],
  ['auto', '', undefined, 'iptables', /outside of nftables/],
  ['iptables', '-nft', undefined, 'iptables', /asked for/],
  ['nftables', '-legacy', undefined, 'nftables', /asked for/],
  ['nftables', '-nft', obstacle, undefined, /does not work here: no such program/],
];

for (const [wish, flavour, found, expected, why] of cases) {
  test(`rules of services: ${wish} on iptables${flavour}${found ? ` where nft says ${found}` : ''}`, async () => {
    const chosen = chooseRuleKind(wish, flavour, async () => found);
    if (!expected) return await assert.rejects(chosen, why);
    const { kind, because } = await chosen;
    assert.equal(kind, expected);
    assert.match(because, why);
  });
}
