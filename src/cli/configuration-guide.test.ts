import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configurable } from './config-file.ts';
import { createProgram } from './program.ts';

test('the guide has every setting, with its default, and no other', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/configuration.md'), 'utf8');
  const rows = [...guide.matchAll(/^\| `([a-z-]+)` \| (.*?) \|/gm)].map(([, key = '', said = '']) => ({ key, said }));
  const known = configurable(createProgram());
  assert.deepEqual(rows.map(({ key }) => key).sort(), [...known.keys()].sort());
  for (const { key, said } of rows) {
    const { defaultValue, defaultValueDescription } = known.get(key) ?? {};
    const plain = Array.isArray(defaultValue) || defaultValue === undefined ? undefined : String(defaultValue);
    const expected = defaultValueDescription ?? plain;
    if (expected !== undefined) assert.equal(said, `\`${expected}\``, key);
  }
});
