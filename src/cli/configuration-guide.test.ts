import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allControllers } from '../controllers/all.ts';
import { configurable } from './config-file.ts';
import { createProgram } from './program.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/configuration.md'), 'utf8');

test('the guide has every setting, with its default, and no other', () => {
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

test('the guide names every controller that may be left out, and the scheduler', () => {
  const [, names = ''] = /^\| `without` \| none \| (.*) \|$/m.exec(guide) ?? [];
  const said = [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name);
  assert.deepEqual(said.sort(), [...Object.keys(allControllers), 'scheduler'].sort());
});
