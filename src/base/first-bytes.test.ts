import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstBytes } from './first-bytes.ts';

test('a text ends with its last whole character', () => {
  assert.equal(firstBytes('short', 5), 'short');
  assert.equal(firstBytes('long', 3), 'lon');
  assert.equal(firstBytes('grün', 3), 'gr');
  assert.equal(firstBytes('grün', 4), 'grü');
  assert.equal(firstBytes('🐘🐘', 7), '🐘');
});
