import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../api/meta.ts';
import { podFromTemplate } from './pod-from-template.ts';

const owner: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web', namespace: 'shop', uid: 'u', labels: { team: 'a' } },
};
const ownerReferences = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true, blockOwnerDeletion: true },
];

test('a pod takes labels, annotations, finalizers and spec of its template, and nothing else of it or its owner', () => {
  const spec = { containers: [{ name: 'main', image: 'nginx' }] };
  const told = { labels: { app: 'web' }, annotations: { note: 'x' }, finalizers: ['example.com/keep'] };
  const metadata = { ...told, name: 'ignored', namespace: 'elsewhere' };
  assert.deepEqual(podFromTemplate({ metadata, spec }, owner), {
    metadata: { generateName: 'web-', namespace: 'shop', ...told, ownerReferences },
    spec,
  });
});

test('what the template leaves out is left out', () => {
  assert.deepEqual(podFromTemplate({}, owner), {
    metadata: { generateName: 'web-', namespace: 'shop', ownerReferences },
  });
});
