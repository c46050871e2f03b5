import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPlaceholders } from './rule-keeper.ts';
import { noRules, type Rules } from './rules.ts';

function rules(nat: Record<string, string[]>): Rules {
  const made = noRules();
  made.chains.nat = new Map(Object.entries(nat));
  return made;
}

const base = rules({ FIXED: ['x'], FILLED: [] });
const cases: [string, Rules | undefined, Record<string, string[]>][] = [
  ['on a bare host what is filled later is there, and empty', noRules(), { FIXED: ['x'], FILLED: [] }],
  [
    'what was left stays until all is known, but for what is wanted otherwise',
    rules({ FIXED: ['old'], FILLED: ['-j LEFT'], LEFT: ['y'] }),
    { FIXED: ['x'], FILLED: ['-j LEFT'], LEFT: ['y'] },
  ],
  ['and no longer', undefined, { FIXED: ['x'], FILLED: [] }],
];

for (const [name, found, expected] of cases) {
  test(`rules wanted: ${name}`, () => {
    const { nat } = withPlaceholders(rules({ FIXED: ['x'] }), base, found).chains;
    assert.deepEqual(Object.fromEntries(nat), expected);
  });
}

test('jumps of a former life stand before those of now until all is known', () => {
  const jump = (to: string) => ({ table: 'nat', from: 'OUTPUT', to }) as const;
  const [now, former] = [
    { ...noRules(), jumps: [jump('NOW')] },
    { ...noRules(), jumps: [jump('FORMER'), jump('NOW')] },
  ];
  assert.deepEqual(withPlaceholders(now, now, former).jumps, [jump('FORMER'), jump('NOW')]);
  assert.deepEqual(withPlaceholders(now, now, undefined).jumps, [jump('NOW')]);
});
