import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployments } from '../../api/kinds/deployment.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import type { Namespace } from '../../api/kinds/namespace.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { KubeObject } from '../../api/meta.ts';
import { emptyingConditions, type Remaining } from './namespace-plan.ts';

const namespace: Namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'doomed' },
  spec: {},
  status: {},
};
const now = Date.parse('2026-01-01T12:00:00Z');

const object = (finalizers?: string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'x', ...(finalizers && { finalizers }) },
});
const remaining = (kind: unknown, ...objects: KubeObject[]): Remaining => ({ kind: kind as Kind, objects });

test('what remains, by kind and by finalizer', () => {
  const left = [remaining(pods, object(), object()), remaining(deployments, object(['a.b/c']))];
  const conditions = emptyingConditions(namespace, left, now);
  assert.deepEqual(
    conditions.map(({ type, status }) => `${type}=${status}`),
    [
      'NamespaceDeletionDiscoveryFailure=False',
      'NamespaceDeletionGroupVersionParsingFailure=False',
      'NamespaceDeletionContentFailure=False',
      'NamespaceContentRemaining=True',
      'NamespaceFinalizersRemaining=True',
    ],
  );
  assert.equal(
    conditions[3]?.message,
    'Some resources are remaining: pods. has 2 resource instances, deployments.apps has 1 resource instances',
  );
  assert.equal(
    conditions[4]?.message,
    'Some content in the namespace has finalizers remaining: a.b/c in 1 resource instances',
  );
});

test('times tell when it became so', () => {
  const first = emptyingConditions(namespace, [remaining(pods, object(['a']))], now);
  const later = emptyingConditions(
    { ...namespace, status: { conditions: first } },
    [remaining(pods, object())],
    now + 60_000,
  );
  assert.equal(later[3]?.lastTransitionTime, '2026-01-01T12:00:00Z');
  assert.equal(later[4]?.lastTransitionTime, '2026-01-01T12:01:00Z');
});

test('what could not be deleted is told, also where nothing else remains', () => {
  const conditions = emptyingConditions(namespace, [], now, ['pods "x" is kept', 'no room']);
  assert.deepEqual(
    conditions.slice(2, 4).map(({ status, reason, message }) => [status, reason, message]),
    [
      ['True', 'ContentDeletionFailed', 'Failed to delete all resource types, 2 remaining: pods "x" is kept, no room'],
      ['False', 'ContentRemoved', 'All content successfully removed'],
    ],
  );
});
