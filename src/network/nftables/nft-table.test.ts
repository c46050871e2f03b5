import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FoundTable, type NftElement, type NftRules, NftTable } from './nft-table.ts';

const layout = {
  sets: { doors: { kind: 'map' as const, of: 'type ipv4_addr : verdict;' } },
  chains: { input: { hook: 'type filter hook input priority 0;', lines: ['ip daddr vmap @doors'] } },
};
const to = (key: string, chain: string): NftElement => ({ of: 'doors', key, value: `goto ${chain}` });
const rules = (elements: NftElement[], chains: Record<string, string[]>, memories: string[] = []): NftRules => ({
  elements,
  chains: new Map(Object.entries(chains)),
  memories: new Set(memories),
});
const linesOf = (input: string | undefined) => input?.trimEnd().replaceAll(' ip t ', ' ').split('\n');

/** With one service in the kernel. */
function made(): NftTable {
  const table = new NftTable('t', layout);
  table.set('b', rules([to('1.1.1.1', 'any')], { any: ['accept'] }));
  table.takeChanges();
  return table;
}

const cases: [string, (table: NftTable) => void, string[] | undefined][] = [
  [
    'nothing for the same again',
    (table) => table.set('b', rules([to('1.1.1.1', 'any')], { any: ['accept'] })),
    undefined,
  ],
  [
    'elements alone for one more service of a known shape',
    (table) => table.set('c', rules([to('1.1.1.2', 'any')], { any: ['accept'] })),
    ['add element doors { 1.1.1.2 : goto any }'],
  ],
  [
    'a chain that is new before it is led to',
    (table) => table.set('c', rules([to('1.1.1.2', 'own')], { own: ['ip saddr @seen goto any', 'drop'] }, ['seen'])),
    [
      'add set seen { type ipv4_addr; size 65535; flags dynamic,timeout; }',
      'add chain own',
      'add rule own ip saddr @seen goto any',
      'add rule own drop',
      'add element doors { 1.1.1.2 : goto own }',
    ],
  ],
  [
    'a chain that is other, as a whole',
    (table) => table.set('b', rules([to('1.1.1.1', 'any')], { any: ['drop'] })),
    ['flush chain any', 'add rule any drop'],
  ],
  [
    'what leads elsewhere, taken out first; a chain that is gone, after what led to it',
    (table) => table.set('b', rules([to('1.1.1.1', 'other')], { other: ['drop'] })),
    [
      'add chain other',
      'flush chain any',
      'add rule other drop',
      'delete element doors { 1.1.1.1 }',
      'add element doors { 1.1.1.1 : goto other }',
      'delete chain any',
    ],
  ],
  [
    'all of a service that is gone',
    (table) => table.set('b', rules([], {})),
    ['flush chain any', 'delete element doors { 1.1.1.1 }', 'delete chain any'],
  ],
  [
    'what two services want: the first by name has it',
    (table) => {
      table.set('a', rules([to('1.1.1.1', 'other')], { other: ['drop'] }));
      table.set('c', rules([to('1.1.1.1', 'third')], { third: ['drop'] }));
    },
    [
      'add chain other',
      'add chain third',
      'add rule other drop',
      'add rule third drop',
      'delete element doors { 1.1.1.1 }',
      'add element doors { 1.1.1.1 : goto other }',
    ],
  ],
];

for (const [name, change, expected] of cases) {
  test(`a change of a table: ${name}`, () => {
    const table = made();
    change(table);
    assert.deepEqual(linesOf(table.takeChanges()), expected);
    assert.equal(table.takeChanges(), undefined, 'and no more of it');
  });
}

test('what two wanted goes to the one that is left', () => {
  const table = made();
  table.set('a', rules([to('1.1.1.1', 'any')], { any: ['accept'] }));
  table.set('b', rules([], {}));
  assert.equal(table.takeChanges(), undefined);
});

/** As the kernel would say of it after this input. */
function foundAfter(input: string): FoundTable {
  const found: FoundTable = { chains: new Map(), sets: new Set() };
  for (const line of linesOf(input) ?? []) {
    const [verb, what, name = ''] = line.split(' ');
    if (verb === 'add' && (what === 'set' || what === 'map')) found.sets.add(name);
    if (verb === 'add' && what === 'chain') found.chains.set(name, 0);
    if (verb === 'add' && what === 'rule') found.chains.set(name, (found.chains.get(name) ?? 0) + 1);
  }
  return found;
}

test('all of it: upon nothing, upon itself with what is not wanted any more, and upon a table of other kinds', () => {
  const table = new NftTable('t', layout);
  table.set('b', rules([to('1.1.1.1', 'any')], { any: ['accept'] }, ['seen']));
  const fresh = table.renderWhole(undefined);
  assert.deepEqual(
    linesOf(fresh)?.filter((line) => !line.includes('layout-')),
    [
      'add table ip t',
      'add map doors { type ipv4_addr : verdict; }',
      'flush map doors',
      'add chain input { type filter hook input priority 0; }',
      'flush chain input',
      'add rule input ip daddr vmap @doors',
      'add set seen { type ipv4_addr; size 65535; flags dynamic,timeout; }',
      'add chain any',
      'add rule any accept',
      'add element doors { 1.1.1.1 : goto any }',
    ],
  );
  assert.equal(table.takeChanges(), undefined, 'nothing is left to be changed');
  const found = foundAfter(fresh);
  assert.ok(table.isSameAs(found));

  found.chains.set('former', 3);
  found.sets.add('memory');
  assert.ok(!table.isSameAs(found));
  const again = table.renderWhole(found);
  const parts = [
    'delete table',
    'flush chain any',
    'flush chain former',
    'delete chain former',
    'delete set memory',
    'delete set doors',
  ];
  assert.deepEqual(
    parts.map((part) => (linesOf(again) ?? []).includes(part)),
    [false, true, true, true, true, false],
  );
  assert.ok(!linesOf(again)?.some((line) => /(delete|flush|add) set seen/.test(line)), 'what packets remember stays');

  const foreign: FoundTable = { chains: new Map([['input', 1]]), sets: new Set(['doors']) };
  assert.deepEqual(linesOf(table.renderWhole(foreign)), ['delete table ip t', ...(linesOf(fresh) ?? [])]);
});

test('it is seen when a chain, a rule or a set is missing, or a chain too many, and each set that holds something is asked for a part of it', () => {
  const table = made();
  const thefts: ((found: FoundTable) => unknown)[] = [
    (found) => found.chains.delete('any'),
    (found) => found.chains.set('any', 0),
    (found) => found.chains.set('input', 0),
    (found) => found.sets.delete('doors'),
    (found) => found.chains.set('foreign', 1),
  ];
  for (const steal of thefts) {
    const found = foundAfter(table.renderWhole(undefined));
    steal(found);
    assert.ok(!table.isSameAs(found), String(steal));
  }
  assert.deepEqual(linesOf(table.renderSamples()), ['get element doors { 1.1.1.1 }']);
});

test('one change of five thousand services touches its own elements', () => {
  const table = new NftTable('t', layout);
  for (let count = 0; count < 5_000; count++)
    table.set(`s${count}`, rules([to(`10.0.${count >> 8}.${count & 255}`, 'any')], { any: ['accept'] }));
  table.takeChanges();
  table.set('s77', rules([to('10.9.9.9', 'any')], { any: ['accept'] }));
  assert.deepEqual(linesOf(table.takeChanges()), [
    'delete element doors { 10.0.0.77 }',
    'add element doors { 10.9.9.9 : goto any }',
  ]);
});
