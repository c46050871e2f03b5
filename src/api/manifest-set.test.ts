import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigMap } from './kinds/config-map.ts';
import { kindsNamed, parentOf, setId, setNameOf, setOf } from './manifest-set.ts';

test('the id of a set is the one that Kubernetes gives it', () => {
  const id = setId({ name: 'my-set', namespace: 'test', kind: 'Secret', group: '' });
  assert.equal(id, 'applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1');
});

test('each file has a name of its own that an object may have', () => {
  assert.equal(setNameOf('web.yaml'), 'manifest-web.yaml');
  const odd = ['Web.yaml', 'web_.yaml', 'web .yaml', 'ä.yaml', `${'x'.repeat(240)}.yaml`];
  const names = odd.map(setNameOf);
  assert.equal(new Set(names).size, odd.length);
  for (const name of names) assert.match(name, /^manifest-[a-z0-9-]*[a-z0-9]$/);
});

test('a parent tells what was noted, and what is no parent of ours nothing', () => {
  const set = { file: 'web.yaml', kinds: ['ConfigMap', 'Deployment.apps'], objects: 2, fault: 'why' };
  const parent = parentOf(set) as unknown as ConfigMap;
  assert.deepEqual(setOf(parent), set);
  const { file, kinds } = set;
  assert.deepEqual(setOf(parentOf({ file, kinds }) as unknown as ConfigMap), { file, kinds });
  const annotations = { ...parent.metadata.annotations, 'applyset.kubernetes.io/tooling': 'kubectl/v1.33.0' };
  assert.equal(setOf({ ...parent, metadata: { ...parent.metadata, annotations } }), undefined);
  assert.equal(setOf({ ...parent, data: { file: 'other.yaml' } }), undefined);
});

test('what is in a namespace goes before it', () => {
  const named = kindsNamed([
    'Namespace',
    'CustomResourceDefinition.apiextensions.k8s.io',
    'Deployment.apps',
    'ConfigMap',
  ]);
  assert.deepEqual(
    named.map(({ kind }) => kind),
    ['ConfigMap', 'Deployment', 'Namespace', 'CustomResourceDefinition'],
  );
});
