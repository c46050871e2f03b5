import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRules } from './rules.ts';
import { addListed, type NftListing, unreadableTables } from './unreadable-tables.ts';

test('tables that are not shown', () => {
  const saved =
    "# Table `nat' is incompatible, use 'nft' tool.\n# Table `mangle' is incompatible, use 'nft' tool.\n*filter\nCOMMIT\n";
  assert.deepEqual(unreadableTables(saved), ['nat']);
  assert.deepEqual(unreadableTables('*nat\nCOMMIT\n'), []);
});

const counter = { counter: { packets: 0, bytes: 0 } };
const rule = (chain: string, ...expr: object[]) => ({ rule: { chain, expr: [...expr, counter] } });
const listing: NftListing = {
  nftables: [
    { chain: { name: 'INPUT' } },
    { chain: { name: 'WHERRY-INPUT' } },
    { chain: { name: 'WHERRY-EMPTY' } },
    { chain: { name: 'OTHER' } },
    rule('INPUT', { jump: { target: 'WHERRY-INPUT' } }),
    rule('INPUT', { match: {} }, { jump: { target: 'WHERRY-INPUT' } }),
    rule('INPUT', { match: {} }, { accept: null }),
    rule('OTHER', { drop: null }),
    rule('WHERRY-INPUT', { match: {} }, { accept: null }),
    rule('WHERRY-INPUT', { jump: { target: 'WHERRY-EMPTY' } }),
  ],
};

const cases: [string, Record<string, string[]>, same: string[]][] = [
  ['nothing is believed to be right when nothing is known', {}, []],
  [
    'what has as many rules is as it was written',
    { 'WHERRY-INPUT': ['x', 'y'], 'WHERRY-EMPTY': [] },
    ['WHERRY-INPUT', 'WHERRY-EMPTY'],
  ],
  ['what has more or fewer is not', { 'WHERRY-INPUT': ['x'], 'WHERRY-EMPTY': ['z'] }, []],
];
for (const [name, written, same] of cases) {
  test(`chains: ${name}`, () => {
    const rules = noRules();
    addListed(rules, 'filter', listing, (table, chain) => (table === 'filter' ? written[chain] : undefined));
    assert.deepEqual(rules.jumps, [{ table: 'filter', from: 'INPUT', to: 'WHERRY-INPUT' }]);
    assert.deepEqual([...rules.chains.filter.keys()], ['WHERRY-INPUT', 'WHERRY-EMPTY']);
    const found = [...rules.chains.filter].filter(([chain, lines]) => lines === written[chain]);
    assert.deepEqual(
      found.map(([chain]) => chain),
      same,
    );
    for (const [chain, lines] of rules.chains.filter) if (!same.includes(chain)) assert.equal(lines[0], '(unread)');
  });
}
