import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amountOf, defaultHard, parseLimit, parseSignals, planThresholds } from './thresholds.ts';

test('what Kubernetes has by default is understood', () => {
  const hard = parseSignals(defaultHard, '<');
  const none = new Map();
  const planned = planThresholds({ hard, soft: none, softGraceMs: none, minimumReclaim: none });
  assert.deepEqual(
    planned.map(({ signal, limit }) => [signal, amountOf(limit, { capacity: 1000 })]),
    [
      ['memory.available', 100 * 2 ** 20],
      ['nodefs.available', 100],
      ['nodefs.inodesFree', 50],
      ['imagefs.available', 150],
      ['imagefs.inodesFree', 50],
    ],
  );
});

test('a soft threshold has its grace, and each signal what is to be won back', () => {
  const planned = planThresholds({
    hard: parseSignals('pid.available<10%', '<'),
    soft: parseSignals('memory.available<1.5Gi', '<'),
    softGraceMs: new Map([['memory.available', 90_000]]),
    minimumReclaim: parseSignals('memory.available=500Mi', '='),
  });
  assert.deepEqual(
    planned.map(({ signal, graceMs, reclaim }) => [signal, graceMs, reclaim]),
    [
      ['pid.available', 0, { amount: 0 }],
      ['memory.available', 90_000, { amount: 500 * 2 ** 20 }],
    ],
  );
});

const wrong: [text: string, why: RegExp][] = [
  ['memory<1Gi', /"memory" is none of memory.available, nodefs.available/],
  ['memory.available', /"memory.available" must be memory.available<LEVEL/],
  ['memory.available<', /must be memory.available<LEVEL/],
  ['memory.available<1Gi,memory.available<2Gi', /memory.available is said twice/],
];
for (const [text, why] of wrong)
  test(`refused: ${text}`, () => {
    assert.throws(() => parseSignals(text, '<'), why);
  });

for (const text of ['a lot', '-1Gi', '100%', '120%', '5 %'])
  test(`no level: ${text}`, () => {
    assert.throws(() => parseLimit(text), /must be an amount as 100Mi, or a percentage below 100/);
  });
