import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { typeOfKind } from '../openapi/schema.ts';
import { BadRequest, StatusError, UnsupportedMediaType } from '../status.ts';
import { applyPatch } from './patch.ts';

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const type = typeOfKind({ group: '', version: 'v1', kind: 'ConfigMap' });
const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1', b: '2' } };

test('a merge patch replaces, adds, and removes by null', () => {
  const { data } = applyPatch(merge, map, { data: { a: null, c: '3', d: { e: null, f: 'x' } } }, type);
  assert.deepEqual(data, { b: '2', c: '3', d: { f: 'x' } });
});

test('a patch changes neither the object nor itself', () => {
  const frozen = JSON.stringify(map);
  const patch = { data: { a: '9' } };
  applyPatch(merge, map, patch, type).data = {};
  applyPatch(json, map, [{ op: 'remove', path: '/data' }], type);
  assert.deepEqual([JSON.stringify(map), patch], [frozen, { data: { a: '9' } }]);
});

test('what is no patch is refused with the reason', () => {
  const refusals: [string, unknown, new (...args: never[]) => StatusError][] = [
    [json, { op: 'add' }, BadRequest],
    [json, [{ op: 'replace', path: '', value: [] }], BadRequest],
    [merge, ['x'], BadRequest],
    [merge, undefined, BadRequest],
    [strategic, 'x', BadRequest],
    ['application/json', {}, UnsupportedMediaType],
    ['application/apply-patch+cbor', {}, UnsupportedMediaType],
  ];
  for (const [contentType, patch, error] of refusals) {
    assert.throws(() => applyPatch(contentType, map, patch, type), error);
  }
});

test('without a type there is no strategic patch', () => {
  assert.throws(
    () => applyPatch(strategic, map, {}, undefined),
    (error) => error instanceof UnsupportedMediaType && !error.message.includes('strategic'),
  );
});

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x', finalizers: ['a/b'] },
  spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }], tolerations: [{ key: 'k' }] },
};

/** Shaped like a patch of a pod, with directives in right and wrong places. */
const { patch: podPatch } = fc.letrec((tie) => ({
  scalar: fc.constantFrom(null, 'c', 'replace', 'delete', 'merge', 80, true),
  list: fc.array(fc.oneof(tie('scalar'), tie('patch')), { maxLength: 3 }),
  patch: fc.dictionary(
    fc.constantFrom(
      ...['metadata', 'spec', 'containers', 'name', 'ports', 'containerPort', 'finalizers', 'tolerations'],
      ...['$patch', '$retainKeys', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers'],
    ),
    fc.oneof({ maxDepth: 6 }, tie('scalar'), tie('list'), tie('patch')),
    { maxKeys: 4 },
  ),
}));

test('whatever the patch is, it gives an object or an error that a client can read', () => {
  const podType = typeOfKind({ group: '', version: 'v1', kind: 'Pod' });
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: fc.constantFrom('/spec', '/spec/containers/0/ports/-', '/spec/containers/1', '/metadata/x', '', 'x'),
      from: fc.constantFrom('/spec', '/spec/containers', '/no'),
      value: fc.jsonValue(),
    },
    { requiredKeys: ['op'] },
  );
  const patches = fc.oneof(
    fc.tuple(fc.constantFrom(merge, strategic), podPatch),
    fc.tuple(fc.constantFrom(merge, strategic), fc.jsonValue()),
    fc.tuple(fc.constant(json), fc.array(operation, { maxLength: 4 })),
  );
  fc.assert(
    fc.property(patches, ([contentType, patch]) => {
      try {
        assert.equal(typeof applyPatch(contentType, pod, patch, podType), 'object');
      } catch (error) {
        assert.ok(error instanceof StatusError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
