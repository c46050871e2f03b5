import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireWriter } from '../../api/protobuf/wire-writer.ts';
import {
  any,
  double,
  either,
  entries,
  flag,
  list,
  type Message,
  message,
  text,
  within,
  writeFields,
} from './gnostic.ts';

const node: Message = {
  fields: {
    name: [1, text],
    on: [2, flag],
    tags: [3, list(text)],
    size: [4, double],
    types: [5, within(1, text)],
    kids: [6, entries(message(() => node))],
    fixed: [7, any],
    one: [8, either((value) => (typeof value === 'string' ? [1, text] : undefined))],
  },
  extensions: 31,
};

function encoded(table: Message, value: Record<string, unknown>): Buffer {
  const writer = new WireWriter();
  writeFields(writer, table, value);
  return writer.bytes;
}

const cases: [what: string, value: Record<string, unknown>, hex: string][] = [
  ['a text', { name: 'ab' }, '0a026162'],
  ['a flag that is off', { on: false }, '1000'],
  ['a list, in its order', { tags: ['a', 'b'] }, '1a01611a0162'],
  ['a number', { size: 1 }, '21000000000000f03f'],
  ['what is wrapped', { types: 'a' }, '2a030a0161'],
  ['names with messages', { kids: { k: { name: 'x' } } }, '32080a016b12030a0178'],
  ['anything, as YAML', { fixed: [1] }, '3a0612045b315d0a'],
  ['one of several', { one: 'a' }, '42030a0161'],
  ['none of them', { one: {} }, '4200'],
  ['an extension', { 'x-a': 1 }, 'fa010b0a03782d6112041202310a'],
  ['fields, in their order', { on: true, name: 'a' }, '10010a0161'],
];

for (const [what, value, hex] of cases) {
  test(what, () => assert.equal(encoded(node, value).toString('hex'), hex));
}

test('a long text has a long length, and the letters of any language', () => {
  const name = 'ä'.repeat(5000);
  const bytes = encoded(node, { name });
  assert.equal(bytes.subarray(0, 3).toString('hex'), '0a904e');
  assert.equal(bytes.subarray(3).toString(), name);
});

test('what a message has no field for is told', () => {
  assert.throws(() => encoded(node, { unheard: 1 }), /no field for unheard/);
});
