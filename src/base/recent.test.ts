import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from './recent.ts';

test('the oldest go when there are too many, and who pushed is told the last of them', () => {
  const recent = new Recent<number>({ count: 4, bytes: 1000 });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((item) => recent.push(item, 1)),
    [undefined, undefined, undefined, undefined, 2],
  );
  assert.deepEqual([...recent], [3, 4, 5]);
});

test('the oldest go when they are too big, down to none', () => {
  const recent = new Recent<string>({ count: 100, bytes: 100 });
  recent.push('a', 60);
  assert.equal(recent.push('b', 60), 'a');
  assert.deepEqual([...recent], ['b']);
  assert.equal(recent.push('c', 500), 'c');
  assert.deepEqual([...recent], []);
});

test('the oldest go while they are such, and no longer count', () => {
  const recent = new Recent<number>({ count: 4, bytes: 40 });
  for (const item of [1, 2, 3, 2]) recent.push(item, 10);
  recent.dropWhile((item) => item < 3);
  assert.deepEqual([...recent], [3, 2]);
  assert.equal(recent.push(4, 20), undefined);
  recent.dropWhile(() => true);
  assert.deepEqual([...recent], []);
});
