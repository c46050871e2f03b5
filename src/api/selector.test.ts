import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabelSelector } from './selector.ts';

test('a label selector is divided at the commas outside of parentheses', () => {
  const parsed = parseLabelSelector('a=b, c in (d, e),!f,,g notin (h),i');
  assert.deepEqual(parsed, [
    { key: 'a', operator: 'In', values: ['b'] },
    { key: 'c', operator: 'In', values: ['d', 'e'] },
    { key: 'f', operator: 'DoesNotExist', values: [] },
    { key: 'g', operator: 'NotIn', values: ['h'] },
    { key: 'i', operator: 'Exists', values: [] },
  ]);
  for (const text of ['a in (b', 'a in b)', '(a=b)', 'a in (b,(c))'])
    assert.throws(() => parseLabelSelector(text), /unable to parse requirement/, text);
});

test('a selector of nothing but commas is read in no time', () => {
  const begun = process.cpuUsage();
  assert.deepEqual(parseLabelSelector(','.repeat(200_000)), []);
  const { user } = process.cpuUsage(begun);
  assert.ok(user / 1000 < 1_000, `${user / 1000} ms of processor time`);
});
