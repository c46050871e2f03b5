import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IndexSet } from './index-set.ts';

const texts: [indexes: number[], text: string][] = [
  [[], ''],
  [[3], '3'],
  [[4, 3], '3,4'],
  [[5, 3, 4], '3-5'],
  [[0, 1, 2, 4, 6, 7, 9, 10, 11, 4], '0-2,4,6,7,9-11'],
];
for (const [indexes, text] of texts) {
  test(`[${indexes}] is "${text}", and back`, () => {
    assert.equal(`${IndexSet.of(indexes)}`, text);
    assert.equal(`${IndexSet.parse(text, 100)}`, text);
    assert.equal(IndexSet.of(indexes).size, new Set(indexes).size);
  });
}

test('what is beyond the completions is left out, and what nobody can read', () => {
  assert.equal(`${IndexSet.parse('1,3-9,12', 5)}`, '1,3,4');
  assert.equal(`${IndexSet.parse('1,x,3-y,-2', 5)}`, '1');
  assert.equal(IndexSet.parse(undefined, 5).size, 0);
});

test('sets are joined, compared and asked', () => {
  const [one, other] = [IndexSet.parse('0-2,7', 10), IndexSet.parse('2-4,6', 10)];
  assert.equal(`${one.union(other)}`, '0-4,6,7');
  assert.equal(one.countOfCommon(other), 1);
  assert.deepEqual([one.has(1), one.has(3), one.has(7)], [true, false, true]);
});

test('the first that are missing', () => {
  const set = IndexSet.parse('1,3-5', 10);
  assert.deepEqual(set.firstMissing(3, 10), [0, 2, 6]);
  assert.deepEqual(set.firstMissing(10, 8), [0, 2, 6, 7]);
  assert.deepEqual(set.firstMissing(0, 8), []);
  assert.deepEqual(IndexSet.of([]).firstMissing(2, 1), [0]);
});
