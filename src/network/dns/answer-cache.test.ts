import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from './answer-cache.ts';

test('the oldest go when there is no more room, and what is over is not told', () => {
  const cache = new AnswerCache<number>(10_000);
  for (let index = 0; index < 100; index++) cache.put(`${index}`, index, { bytes: 600, keepSeconds: 5, nowMs: index });
  assert.equal(cache.size, 10);
  assert.equal(cache.get('89', 100), undefined);
  assert.deepEqual(cache.get('90', 3_090), { value: 90, ageSeconds: 3 });
  assert.equal(cache.get('90', 5_090), undefined);
  assert.equal(cache.size, 9);
  cache.put('too large', 1, { bytes: 20_000, keepSeconds: 5, nowMs: 0 });
  assert.equal(cache.size, 0);
  cache.put('never', 1, { bytes: 1, keepSeconds: 0, nowMs: 0 });
  assert.equal(cache.get('never', 0), undefined);
});
