import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, indexed, job, pod } from './job-for-tests.ts';
import { draftJobPod, earlierFailures, endedAtMs, hasFailed, ignoredFailures, indexOf, isOurs } from './job-pods.ts';

const indexKey = 'batch.kubernetes.io/job-completion-index';

test('a pod is kept until it is counted', () => {
  const draft = draftJobPod(job());
  assert.deepEqual(draft.metadata.finalizers, ['batch.kubernetes.io/job-tracking']);
  assert.equal(draft.metadata.generateName, 'work-');
  assert.equal(draft.metadata.ownerReferences?.[0]?.uid, 'job');
  assert.equal(draft.spec?.hostname, undefined);
});

test('a pod at a place knows it: by label, annotation, variable and host name', () => {
  const containers = [
    { name: 'main', image: 'work', env: [{ name: 'A', value: '1' }] },
    { name: 'own', image: 'work', env: [{ name: 'JOB_COMPLETION_INDEX', value: 'mine' }] },
  ];
  const initContainers = [{ name: 'first', image: 'work' }];
  const template = {
    metadata: { labels: { app: 'work' } },
    spec: { restartPolicy: 'Never' as const, containers, initContainers },
  };
  const { metadata, spec } = draftJobPod(indexed(9, { template }), { index: 7, failures: { counted: 2, ignored: 0 } });
  assert.equal(metadata.generateName, 'work-7-');
  assert.deepEqual(metadata.labels, { app: 'work', [indexKey]: '7' });
  assert.deepEqual(metadata.annotations, { [indexKey]: '7', 'batch.kubernetes.io/job-index-failure-count': '2' });
  assert.equal(spec?.hostname, 'work-7');
  const variable = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } },
  };
  assert.deepEqual(spec?.containers[0]?.env, [{ name: 'A', value: '1' }, variable]);
  assert.deepEqual(spec?.containers[1]?.env, [{ name: 'JOB_COMPLETION_INDEX', value: 'mine' }], 'its own stays');
  assert.deepEqual(spec?.initContainers?.[0]?.env, [variable]);
});

test('a name that is too long loses its end, not the place', () => {
  const of = indexed(9);
  const long = { ...of, metadata: { ...of.metadata, name: 'a'.repeat(63) } };
  assert.equal(draftJobPod(long, { index: 12 }).metadata.generateName, `${'a'.repeat(54)}-12-`);
});

test('the place of a pod is one of the job', () => {
  assert.equal(indexOf(pod('a', 'Running', { index: 2 }), indexed(3)), 2);
  assert.equal(indexOf(pod('a', 'Running', { index: 3 }), indexed(3)), undefined);
  assert.equal(indexOf(pod('a', 'Running'), indexed(3)), undefined);
});

const failures: [name: string, of: ReturnType<typeof pod>, policy: 'Failed' | undefined, isFailure: boolean][] = [
  ['one that failed', pod('a', 'Failed'), undefined, true],
  ['one that succeeded', pod('a', 'Succeeded'), undefined, false],
  ['one that runs', pod('a', 'Running'), undefined, false],
  ['one that is being deleted', pod('a', 'Running', { isDeleted: true }), undefined, true],
  ['one that is being deleted, and is waited for', pod('a', 'Running', { isDeleted: true }), 'Failed', false],
  ['one that failed, and was waited for', pod('a', 'Failed', { isDeleted: true }), 'Failed', true],
  ['one that succeeded and is being deleted', pod('a', 'Succeeded', { isDeleted: true }), undefined, false],
];
for (const [name, of, podReplacementPolicy, isFailure] of failures) {
  test(`${name} ${isFailure ? 'has' : 'has not'} failed`, () =>
    assert.equal(hasFailed(of, job({ ...(podReplacementPolicy && { podReplacementPolicy }) })), isFailure));
}

test('how often the place of a pod had failed: the annotations know, and what is none counts for nothing', () => {
  const counted = pod('a', 'Running', { failures: 3 });
  assert.deepEqual([earlierFailures(counted), ignoredFailures(counted)], [3, 0]);
  assert.equal(earlierFailures(pod('a', 'Running')), 0);
  const { annotations: _, ...metadata } = counted.metadata;
  const unreadable = { 'batch.kubernetes.io/job-index-failure-count': 'many' };
  assert.equal(earlierFailures({ ...counted, metadata: { ...metadata, annotations: unreadable } }), 0);
});

test('a pod that is deleted with a grace was told to end before its time', () => {
  const deleted = pod('a', 'Running', { endedAgo: 0, isDeleted: true });
  const graceful = { ...deleted, metadata: { ...deleted.metadata, deletionGracePeriodSeconds: 30 } };
  assert.equal(endedAtMs(graceful), Date.parse(ago(30)));
});

test('when a pod ended: its containers know, or its deletion, or nobody', () => {
  assert.equal(endedAtMs(pod('a', 'Failed', { endedAgo: 5 })), Date.parse(ago(5)));
  assert.equal(endedAtMs(pod('a', 'Running', { endedAgo: 7, isDeleted: true })), Date.parse(ago(7)));
  assert.equal(endedAtMs(pod('a', 'Running')), Date.parse(ago(3600)));
});

test('others may manage a job', () => {
  const managed = ['example.com/other', 'kubernetes.io/job-controller'].map((managedBy) => isOurs(job({ managedBy })));
  assert.deepEqual([isOurs(job()), ...managed], [true, false, true]);
});
