import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRules, parseRules, planChanges, type Rules, renderChanges } from './rules.ts';

const saved = `# Generated
*nat
:PREROUTING ACCEPT [1:60]
:DOCKER - [0:0]
:WHERRY-ONE - [0:0]
:WHERRY-TWO - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -j WHERRY-ONE
-A DOCKER -i docker0 -j RETURN
-A WHERRY-ONE -d 10.96.0.1/32 -j WHERRY-TWO
-A WHERRY-ONE -j RETURN
COMMIT
*mangle
:WHERRY-STRANGE - [0:0]
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -j WHERRY-GONE
COMMIT
`;

test('reads what is ours, and only that', () => {
  const rules = parseRules(saved);
  assert.deepEqual(
    [...rules.chains.nat],
    [
      ['WHERRY-ONE', ['-d 10.96.0.1/32 -j WHERRY-TWO', '-j RETURN']],
      ['WHERRY-TWO', []],
    ],
  );
  assert.deepEqual([...rules.chains.filter], []);
  assert.deepEqual(rules.jumps, [
    { table: 'nat', from: 'PREROUTING', to: 'WHERRY-ONE' },
    { table: 'filter', from: 'FORWARD', to: 'WHERRY-GONE' },
  ]);
});

function rules(nat: Record<string, string[]>, jumps: [from: string, to: string][] = []): Rules {
  const made = noRules();
  made.chains.nat = new Map(Object.entries(nat));
  made.jumps = jumps.map(([from, to]) => ({ table: 'nat', from, to }));
  return made;
}

const text = (...lines: string[]) => ['*nat', ...lines, 'COMMIT', ''].join('\n');
const cases: { name: string; wanted: Rules; observed: Rules; input: string | undefined }[] = [
  {
    name: 'nothing for what is as it should be',
    wanted: rules({ A: ['x'] }, [['OUTPUT', 'A']]),
    observed: rules({ A: ['x'] }, [['OUTPUT', 'A']]),
    input: undefined,
  },
  {
    name: 'everything at first, the jump last',
    wanted: rules({ A: ['x', 'y'] }, [['OUTPUT', 'A']]),
    observed: noRules(),
    input: text(':A - [0:0]', '-A A x', '-A A y', '-I OUTPUT 1 -j A'),
  },
  {
    name: 'whole chains that differ, also by order',
    wanted: rules({ A: ['x', 'y'], B: ['z'] }),
    observed: rules({ A: ['y', 'x'], B: ['z'] }),
    input: text(':A - [0:0]', '-A A x', '-A A y'),
  },
  {
    name: 'a chain that is gone, after those that led to it',
    wanted: rules({ A: ['x'] }),
    observed: rules({ A: ['-j B'], B: ['z'] }),
    input: text(':A - [0:0]', ':B - [0:0]', '-A A x', '-X B'),
  },
  {
    name: 'a jump that somebody took away',
    wanted: rules({ A: ['x'] }, [['OUTPUT', 'A']]),
    observed: rules({ A: ['x'] }),
    input: text('-I OUTPUT 1 -j A'),
  },
  {
    name: 'jumps in their order, where the one that comes first was taken away',
    wanted: rules({}, [
      ['OUTPUT', 'A'],
      ['OUTPUT', 'B'],
      ['INPUT', 'C'],
    ]),
    observed: rules({}, [
      ['OUTPUT', 'B'],
      ['INPUT', 'C'],
    ]),
    input: text('-D OUTPUT -j B', '-I OUTPUT 1 -j B', '-I OUTPUT 1 -j A'),
  },
  {
    name: 'jumps in their order, where they stand in another',
    wanted: rules({}, [
      ['OUTPUT', 'A'],
      ['OUTPUT', 'B'],
    ]),
    observed: rules({}, [
      ['OUTPUT', 'B'],
      ['OUTPUT', 'A'],
    ]),
    input: text('-D OUTPUT -j B', '-D OUTPUT -j A', '-I OUTPUT 1 -j B', '-I OUTPUT 1 -j A'),
  },
  {
    name: 'a jump once, where it is there several times',
    wanted: rules({}, [['OUTPUT', 'A']]),
    observed: rules({}, [
      ['OUTPUT', 'A'],
      ['OUTPUT', 'A'],
    ]),
    input: text('-D OUTPUT -j A', '-D OUTPUT -j A', '-I OUTPUT 1 -j A'),
  },
  {
    name: 'all of it back',
    wanted: noRules(),
    observed: rules({ A: ['x'] }, [['OUTPUT', 'A']]),
    input: text(':A - [0:0]', '-D OUTPUT -j A', '-X A'),
  },
];

for (const { name, wanted, observed, input } of cases) {
  test(`restores ${name}`, () => assert.equal(renderChanges(planChanges(wanted, observed)), input));
}
