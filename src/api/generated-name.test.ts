import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedName } from './generated-name.ts';

test('a name that is made up keeps its prefix, as far as there is room', () => {
  assert.match(generatedName('web-6d4cf56db6-'), /^web-6d4cf56db6-[a-z0-9]{5}$/);
  assert.match(generatedName('x'.repeat(58)), /^x{58}[a-z0-9]{5}$/);
  assert.match(generatedName(`${'x'.repeat(58)}yz-`), /^x{58}[a-z0-9]{5}$/);
});
