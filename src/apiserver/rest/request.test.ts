import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTrue } from './request.ts';

test('a boolean in a query is written in many ways', () => {
  for (const yes of ['true', 'True', 'TRUE', '1', 't', 'yes', '']) assert.ok(isTrue(yes), yes);
  for (const no of [undefined, 'false', 'False', 'FALSE', '0']) assert.ok(!isTrue(no), String(no));
});
