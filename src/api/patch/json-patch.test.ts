import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadRequest, RequestEntityTooLarge, StatusError } from '../status.ts';
import { jsonPatch } from './json-patch.ts';

const before = () => ({ data: { a: '1', b: '2' }, list: ['x', 'y', 'z'] });
type Doc = ReturnType<typeof before>;

const cases: { name: string; operations: object[]; at: (result: Doc) => unknown; expected: unknown }[] = [
  {
    name: 'operations are done in their order',
    operations: [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'move', from: '/data/a', path: '/data/z' },
      { op: 'copy', from: '/data/z', path: '/data/c' },
      { op: 'remove', path: '/data/b' },
    ],
    at: ({ data }) => data,
    expected: { z: '1', c: '1' },
  },
  {
    name: 'items are added before a place, at the end, and counted from the end',
    operations: [
      { op: 'add', path: '/list/1', value: 'b' },
      { op: 'add', path: '/list/-', value: 'e' },
      { op: 'remove', path: '/list/-1' },
      { op: 'replace', path: '/list/0', value: 'a' },
    ],
    at: ({ list }) => list,
    expected: ['a', 'b', 'y', 'z'],
  },
  {
    name: 'steps are unescaped once',
    operations: [{ op: 'add', path: '/data/x~1y~01', value: '3' }],
    at: ({ data }) => (data as Record<string, string>)['x/y~1'],
    expected: '3',
  },
  {
    name: 'what is replaced need not be there, and a value that is missing is null',
    operations: [
      { op: 'replace', path: '/data/new', value: 'n' },
      { op: 'add', path: '/data/a' },
    ],
    at: ({ data }) => data,
    expected: { a: null, b: '2', new: 'n' },
  },
  {
    name: 'a path without its slash is read from the root all the same',
    operations: [{ op: 'add', path: 'data/extra', value: 1 }],
    at: (result) => 'extra' in result && !('extra' in result.data),
    expected: true,
  },
  {
    name: 'what is absent is tested as null',
    operations: [{ op: 'test', path: '/data/nope', value: null }],
    at: ({ data }) => data,
    expected: { a: '1', b: '2' },
  },
  {
    name: 'the whole document may be replaced',
    operations: [{ op: 'replace', path: '', value: { data: {} } }],
    at: (result) => result,
    expected: { data: {} },
  },
];

for (const { name, operations, at, expected } of cases) {
  test(name, () => assert.deepEqual(at(jsonPatch(before(), operations) as Doc), expected));
}

test('what does not fit is refused without saying what', () => {
  const refused: object[] = [
    { op: 'test', path: '/data/a', value: '9' },
    { op: 'test', path: '/data/nope', value: '9' },
    { op: 'remove', path: '/data/nope' },
    { op: 'add', path: '/no/where', value: 1 },
    { op: 'add', path: '/list/9', value: 1 },
    { op: 'replace', path: '/list/3', value: 1 },
    { op: 'replace', path: '/list/x', value: 1 },
    { op: 'move', from: '/data/nope', path: '/data/a' },
    { op: 'frob', path: '/data/a' },
    { path: '/data/a' },
    { op: 'remove' },
    { op: 'remove', path: '/data/toString' },
  ];
  for (const operation of refused) {
    assert.throws(
      () => jsonPatch(before(), [operation]),
      (error) => error instanceof StatusError && error.code === 422 && Object.keys(error.details ?? {}).length === 0,
      JSON.stringify(operation),
    );
  }
});

test('what is no patch, or too much of one, is refused', () => {
  assert.throws(() => jsonPatch(before(), { op: 'remove' }), BadRequest);
  assert.throws(() => jsonPatch(before(), ['x']), BadRequest);
  assert.throws(() => jsonPatch(before(), [{ op: 'remove', path: 5 }]), /jsonPatchOp.path of type string/);
  const one = { op: 'add', path: '/data/a', value: '' };
  assert.throws(() => jsonPatch(before(), Array(10_001).fill(one)), RequestEntityTooLarge);
  const large = { ...before(), large: 'x'.repeat(1024 * 1024) };
  const copies = [1, 2, 3].map((n) => ({ op: 'copy', from: '/large', path: `/copy${n}` }));
  assert.throws(() => jsonPatch(large, copies), StatusError);
});

test('a step may have any name and changes no other object', () => {
  const result = jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]) as object;
  assert.ok(Object.hasOwn(result, '__proto__'));
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});
