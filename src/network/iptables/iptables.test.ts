import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFlavour, type FlavourState } from './iptables.ts';

const nft = (foreignRules: number): FlavourState => ({ flavour: '-nft', foreignRules });
const legacy = (foreignRules: number): FlavourState => ({ flavour: '-legacy', foreignRules });

const cases: [string, FlavourState[], string][] = [
  ['the plain name’s on a bare host', [nft(0), legacy(0)], '-nft'],
  ['the plain name’s on a bare host, whichever it is', [legacy(0), nft(0)], '-legacy'],
  ['the one that alone is in use', [nft(0), legacy(7)], '-legacy'],
  ['the plain name’s where both are in use', [nft(1), legacy(7)], '-nft'],
  ['the only one there is', [legacy(0)], '-legacy'],
];

for (const [name, states, flavour] of cases)
  test(`flavour: ${name}`, () => assert.equal(chooseFlavour(states), flavour));
