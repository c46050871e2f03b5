import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';

test('each bound counts what is at most as long, and the sum and the count are of all', () => {
  const histogram = new Histogram([1, 10]);
  for (const ms of [0.5, 1, 7, 30]) histogram.add(ms);
  assert.deepEqual(histogram.read(), {
    count: 4,
    sumMs: 38.5,
    upTo: [
      { ms: 1, count: 2 },
      { ms: 10, count: 3 },
    ],
  });
});
