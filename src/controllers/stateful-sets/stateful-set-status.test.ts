import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { now, pod, revision, set } from './stateful-set-for-tests.ts';
import { statefulSetStatus } from './stateful-set-status.ts';

describe('the status of a stateful set', () => {
  const statusOf = (spec: Partial<StatefulSet['spec']>, pods: string[]) =>
    statefulSetStatus({
      set: set(spec),
      pods: pods.map((each) => pod(each)),
      current: revision('old'),
      update: revision('new'),
      collisionCount: 0,
      nowMs: now,
    });

  test('amid an update', () => {
    assert.deepEqual(statusOf({ minReadySeconds: 90 }, ['0 old', '1 old ending', '2 pending']), {
      observedGeneration: 4,
      replicas: 3,
      readyReplicas: 2,
      availableReplicas: 0,
      currentReplicas: 1,
      updatedReplicas: 1,
      currentRevision: 'old',
      updateRevision: 'new',
      collisionCount: 0,
    });
  });

  test('when the update is through the new revision is the current one', () => {
    const { currentRevision, currentReplicas } = statusOf({}, ['0', '1', '2']);
    assert.deepEqual([currentRevision, currentReplicas], ['new', 3]);
  });

  test('as long as a pod is not ready it is not', () => {
    assert.equal(statusOf({}, ['0', '1', '2 down']).currentRevision, 'old');
    assert.equal(statusOf({ updateStrategy: { type: 'OnDelete' } }, ['0', '1', '2']).currentRevision, 'old');
  });
});
