import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { repeatedFields } from './repeated-fields.ts';

test('fields that are there more than once are told, each once, by where they stand', () => {
  const cases: [string, string[]][] = [
    ['{}', []],
    ['[]', []],
    ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', []],
    ['{"a":1,"a":2,"a":3}', ['a']],
    ['{"spec":{"replicas":2,"replicas":3}}', ['spec.replicas']],
    ['{"c":[{"n":"x"},{"n":"y","n":"z"}]}', ['c[1].n']],
    ['[{"op":"add","op":"test"}]', ['[0].op']],
    ['{"a":{"x":1,"x":2},"b":"\\"a\\"","a":{"x":1}}', ['a.x', 'a']],
    ['{"a":"{\\"a\\":1,\\"a\\":2}","b":"\\\\","b2":",a:"}', []],
    ['{ "k\\u0061" : 1 , "ka" : [ ] }', ['ka']],
    ['{"a":[[1,2],[{"b":1,"b":2}]]}', ['a[1][0].b']],
  ];
  for (const [text, expected] of cases) assert.deepEqual(repeatedFields(text), expected, text);
});

test('what was written by a program repeats nothing', () => {
  fc.assert(
    fc.property(fc.json(), (text) => repeatedFields(JSON.stringify(JSON.parse(text), undefined, 1)).length === 0),
  );
});
