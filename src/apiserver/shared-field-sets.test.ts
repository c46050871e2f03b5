import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownersOf } from '../api/apply/owners.ts';
import type { KubeObject } from '../api/meta.ts';
import { SharedFieldSets } from './shared-field-sets.ts';

const objectOwning = (fieldsV1: object) =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'x',
      managedFields: [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 }],
    },
  }) as unknown as KubeObject;
const setOf = (object: KubeObject) => ownersOf(object)[0]?.fieldsV1;

test('objects that are owned alike have the same frozen set', () => {
  const sets = new SharedFieldSets();
  const fields = () => ({ 'f:data': { '.': {}, 'f:a': {} } });
  const objects = [objectOwning(fields()), objectOwning(fields()), objectOwning({ 'f:data': {} })];
  for (const object of objects) sets.shareIn(object, undefined);
  const [first, second, other] = objects.map(setOf);
  assert.equal(first, second);
  assert.notEqual(first, other);
  assert.ok(Object.isFrozen(first?.['f:data']?.['f:a']));
  assert.deepEqual(first, fields());
  assert.equal(sets.size, 2);
});

test('an object keeps the sets of its previous state, unless it is owned otherwise now', () => {
  const sets = new SharedFieldSets();
  const previous = objectOwning({ 'f:data': { 'f:a': {} } });
  sets.shareIn(previous, undefined);
  const same = objectOwning({ 'f:data': { 'f:a': {} } });
  const other = objectOwning({ 'f:data': { 'f:b': {} } });
  for (const object of [same, other]) sets.shareIn(object, previous);
  assert.equal(setOf(same), setOf(previous));
  assert.deepEqual(setOf(other), { 'f:data': { 'f:b': {} } });
  assert.equal(sets.size, 2);
});
