import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allKinds } from './kinds/all.ts';
import { pods } from './kinds/pod.ts';
import { faultInShape } from './shape.ts';

const faults: [string, unknown, RegExp][] = [
  ['a body that is a list', [], /not an object/],
  ['a name that is a number', { metadata: { name: 5 } }, /metadata.name must be a string/],
  ['labels that are text', { metadata: { labels: 'a=b' } }, /metadata.labels must be a map/],
  ['owners that are a number', { metadata: { ownerReferences: 5 } }, /ownerReferences must be a list/],
  ['finalizers that are no text', { metadata: { finalizers: [1] } }, /finalizers must be a list of strings/],
  ['a spec that is text', { spec: 's' }, /spec must be an object/],
  ['containers that are an object', { spec: { containers: {} } }, /spec.containers must be a list/],
  ['conditions that are text', { status: { conditions: 'x' } }, /status.conditions must be a list/],
];

for (const [name, object, fault] of faults) {
  test(`${name} is found`, () => assert.match(faultInShape(object, pods.shape) ?? 'no fault', fault));
}

test('an object with nothing but a name has no fault in any kind', () => {
  for (const { shape, kind } of allKinds)
    assert.equal(faultInShape({ metadata: { name: 'x' } }, shape), undefined, kind);
});
