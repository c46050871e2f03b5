import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../meta.ts';
import { BadRequest, Invalid, type StatusError, UnsupportedMediaType } from '../status.ts';
import { applyPatch } from './patch.ts';

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1', b: '2' } };
const dataOf = (object: KubeObject) => (object as typeof map).data;

test('a merge patch replaces, adds, and removes by null', () => {
  const patched = applyPatch(merge, map, { data: { a: null, c: '3' } });
  assert.deepEqual(dataOf(patched), { b: '2', c: '3' });
});

test('a JSON patch applies its operations in order, or none', () => {
  const operations = [
    { op: 'test', path: '/data/a', value: '1' },
    { op: 'move', from: '/data/a', path: '/data/z' },
  ];
  assert.deepEqual(dataOf(applyPatch(json, map, operations)), { b: '2', z: '1' });
  assert.throws(() => applyPatch(json, map, [{ op: 'test', path: '/data/a', value: '9' }]), Invalid);
  assert.throws(() => applyPatch(json, map, [{ op: 'remove', path: '/data/nope' }]), Invalid);
});

test('what is no patch is refused with the reason', () => {
  const refusals: [string, unknown, new (...args: never[]) => StatusError][] = [
    [json, { op: 'add' }, BadRequest],
    [json, [{ op: 'add', path: 'data/a', value: '1' }], BadRequest],
    [merge, ['x'], BadRequest],
    ['application/apply-patch+yaml', {}, UnsupportedMediaType],
  ];
  for (const [type, patch, error] of refusals) assert.throws(() => applyPatch(type, map, patch), error);
});
