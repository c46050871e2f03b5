import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment } from '../../api/kinds/deployment.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { deployment, numbered, paused, scaledTo, set } from './deployment-for-tests.ts';
import { readHistory } from './deployment-history.ts';
import { deadlineCheckInMs, deploymentStatus, isComplete } from './deployment-status.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const v1 = numbered(deployment(), 1);
const statusOf = (of: Deployment, sets: ReplicaSet[], more: object = {}) =>
  deploymentStatus({ deployment: of, history: readHistory(of, sets), nowMs: now, ...more });
const conditionOf = (status: Deployment['status'], type: string) => {
  const condition = status.conditions?.find((each) => each.type === type);
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
};

test('status through a rollout: made, progressing, done', () => {
  const of = deployment();
  const made = statusOf(of, [], { creation: { created: 'web-v1' } });
  assert.equal(conditionOf(made, 'Progressing'), 'True NewReplicaSetCreated: Created new replica set "web-v1"');
  assert.equal(
    conditionOf(made, 'Available'),
    'False MinimumReplicasUnavailable: Deployment does not have minimum availability.',
  );
  const half = statusOf({ ...of, status: made }, [set(of, 'v1', 4, 2)]);
  assert.equal(conditionOf(half, 'Progressing'), 'True ReplicaSetUpdated: ReplicaSet "web-v1" is progressing.');
  assert.equal(half.unavailableReplicas, 2);
  const done = statusOf({ ...of, status: half }, [set(of, 'v1', 4)]);
  assert.equal(
    conditionOf(done, 'Progressing'),
    'True NewReplicaSetAvailable: ReplicaSet "web-v1" has successfully progressed.',
  );
  assert.equal(conditionOf(done, 'Available'), 'True MinimumReplicasAvailable: Deployment has minimum availability.');
  assert.deepEqual(statusOf({ ...of, status: done }, [set(of, 'v1', 4)]), done, 'nothing new, nothing written');
});

test('a rollout without progress is overdue after its deadline, unless it is paused', () => {
  const condition = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: '' };
  const stuckSince = (iso: string) =>
    deployment(
      {},
      { updatedReplicas: 4, replicas: 4, observedGeneration: 1, conditions: [{ ...condition, lastUpdateTime: iso }] },
    );
  const sets = [set(deployment(), 'v1', 4, 0)];
  const reason = (of: Deployment) => statusOf(of, sets).conditions?.find(({ type }) => type === 'Progressing')?.reason;
  assert.equal(reason(stuckSince('2026-01-01T11:49:00Z')), 'ProgressDeadlineExceeded');
  assert.equal(reason(stuckSince('2026-01-01T11:51:00Z')), 'ReplicaSetUpdated');
  assert.equal(reason(paused(stuckSince('2026-01-01T11:49:00Z'))), 'DeploymentPaused');
});

test('a set that cannot make pods, and one that cannot be made, stand in the status', () => {
  const failing = set(v1, 'v1', 4, 0);
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' };
  const status = statusOf(v1, [{ ...failing, status: { ...failing.status, conditions: [failure] } }]);
  assert.equal(conditionOf(status, 'ReplicaFailure'), 'True FailedCreate: quota');
  const refused = statusOf(v1, [], { creation: { failed: 'web-v1', error: 'no' } });
  assert.equal(
    conditionOf(refused, 'Progressing'),
    'False ReplicaSetCreateError: Failed to create new replica set "web-v1": no',
  );
});

type Counts = { of?: [string, size: number, available?: number, revision?: number][]; expected: object };
const counted: ({ name: string; replicas?: number } & Counts)[] = [
  {
    name: 'of the new set and the old ones',
    of: [
      ['v0', 1],
      ['v1', 2, 1, 2],
    ],
    expected: { replicas: 3, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, unavailableReplicas: 1 },
  },
  { name: 'zeros are left out', of: [['v1', 0]], replicas: 0, expected: {} },
  {
    name: 'no set of the present template yet',
    of: [['v0', 4]],
    expected: { replicas: 4, readyReplicas: 4, availableReplicas: 4 },
  },
];
for (const { name, replicas = 4, of: sets = [], expected } of counted) {
  test(`status counts: ${name}`, () => {
    const of = deployment({ replicas });
    const { conditions: _, ...counts } = statusOf(
      of,
      sets.map(([image, size, available, revision]) => set(of, image, size, available, revision)),
    );
    assert.deepEqual(counts, { observedGeneration: 1, ...expected });
  });
}

test('as many as may be unavailable are none too few', () => {
  const of = deployment();
  for (const [available, expected] of [
    [2, 'False MinimumReplicasUnavailable'],
    [3, 'True MinimumReplicasAvailable'],
  ] as const) {
    const claim = conditionOf(statusOf(of, [set(of, 'v1', 4, available)]), 'Available');
    assert.ok(claim?.startsWith(expected), `${available}: ${claim}`);
  }
});

test('a set that was there already was found', () => {
  const of = deployment({}, { updatedReplicas: 4, replicas: 4, availableReplicas: 0, observedGeneration: 1 });
  const found = statusOf(of, [set(of, 'v1', 4, 0)]);
  assert.equal(conditionOf(found, 'Progressing'), 'True FoundNewReplicaSet: Found new replica set "web-v1"');
});

test('while it is only sized, nothing is said of a rollout; when it is resumed, that is said', () => {
  const told = { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
  const resumed = deployment({}, { replicas: 4, updatedReplicas: 4, conditions: [told] });
  assert.equal(
    conditionOf(statusOf(scaledTo(resumed, 6), [set(resumed, 'v1', 4, 0)]), 'Progressing'),
    'Unknown DeploymentResumed: Deployment is resumed',
  );
  const failing = set(v1, 'v1', 4, 0);
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' };
  const sets = [{ ...failing, status: { ...failing.status, conditions: [failure] } }];
  assert.equal(conditionOf(statusOf(paused(v1), sets), 'ReplicaFailure'), undefined);
});

test('without a deadline nothing is said of progress, and a failure that is over is not told any more', () => {
  const known = ['Progressing', 'ReplicaFailure'].map((type) => ({ type, status: 'True', reason: 'x' }));
  const of = deployment({ progressDeadlineSeconds: 2 ** 31 - 1 }, { conditions: known });
  assert.deepEqual(
    statusOf(of, [set(of, 'v1', 4)]).conditions?.map(({ type }) => type),
    ['Available'],
  );
});

test('progress renews the time from which the deadline counts; a change between yes and no that of the transition', () => {
  const then = '2026-01-01T11:55:00Z';
  const known = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: '' };
  const conditions = [{ ...known, lastUpdateTime: then, lastTransitionTime: then }];
  const of = deployment({}, { replicas: 4, updatedReplicas: 4, availableReplicas: 1, readyReplicas: 1, conditions });
  const timesOf = (available: number) => {
    const found = statusOf(of, [set(of, 'v1', 4, available)]).conditions?.find(({ type }) => type === 'Progressing');
    return [found?.lastUpdateTime, found?.lastTransitionTime];
  };
  assert.deepEqual(timesOf(1), [then, then]);
  assert.deepEqual(timesOf(2), ['2026-01-01T12:00:00Z', then]);
});

const done = { updatedReplicas: 4, replicas: 4, availableReplicas: 4, observedGeneration: 1 };
const completions: [string, Deployment['status'], boolean][] = [
  ['all there', done, true],
  ['one not available', { ...done, availableReplicas: 3 }, false],
  ['one of an old template', { ...done, replicas: 5 }, false],
  ['one not of the new template', { ...done, updatedReplicas: 3 }, false],
  ['the status is of an earlier spec', { ...done, observedGeneration: 0 }, false],
];
for (const [name, status, expected] of completions)
  test(`a rollout is ${expected ? '' : 'not '}complete: ${name}`, () =>
    assert.equal(isComplete(deployment({}, status)), expected));

const deadlines: { name: string; reason?: string; spec?: Partial<Deployment['spec']>; inMs: number | undefined }[] = [
  { name: 'a second after it', reason: 'ReplicaSetUpdated', inMs: 301_000 },
  { name: 'done', reason: 'NewReplicaSetAvailable', inMs: undefined },
  { name: 'over', reason: 'ProgressDeadlineExceeded', inMs: undefined },
  { name: 'paused', reason: 'ReplicaSetUpdated', spec: { paused: true }, inMs: undefined },
  { name: 'none', reason: 'ReplicaSetUpdated', spec: { progressDeadlineSeconds: 2 ** 31 - 1 }, inMs: undefined },
  { name: 'nothing said of progress', inMs: undefined },
];
for (const { name, reason, spec, inMs } of deadlines) {
  test(`when the deadline is looked at: ${name}`, () => {
    const lastUpdateTime = '2026-01-01T11:55:00Z';
    const conditions = reason ? [{ type: 'Progressing', status: 'True', reason, lastUpdateTime }] : [];
    assert.equal(deadlineCheckInMs(deployment(spec), { conditions }, now), inMs);
  });
}
