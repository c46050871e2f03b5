import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../api/kinds/job-spec.ts';
import { draftJob, outlivedJobs, referenceTo, reviewChildren } from './cron-job-children.ts';
import { cronJob } from './cron-job-for-tests.ts';

const noon = '2026-01-01T12:00:00Z';

function child(name: string, end?: 'Complete' | 'Failed', startTime = '2026-01-01T10:00:00Z'): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'default', uid: name },
    spec: { template: {} },
    status: {
      startTime,
      ...(end && { conditions: [{ type: end, status: 'True' }] }),
      ...(end === 'Complete' && { completionTime: startTime }),
    },
  };
}

test('what became of its jobs', () => {
  const known = ['a', 'b', 'c', 'd'].map((name) => ({ name, uid: name }));
  const own = [
    child('a'),
    child('b', 'Complete', '2026-01-01T11:30:00Z'),
    child('c', 'Failed'),
    child('x'),
    child('y', 'Complete'),
  ];
  const { active: still, unseen, lastSuccessfulTime, tell } = reviewChildren(cronJob({}, { active: known }), own);
  assert.deepEqual([still.map(({ name }) => name), unseen.map(({ name }) => name)], [['a'], ['d']]);
  assert.equal(lastSuccessfulTime, '2026-01-01T11:30:00Z');
  assert.deepEqual(
    tell.map(({ message }) => message),
    [
      'Saw completed job: b, condition: Complete',
      'Saw completed job: c, condition: Failed',
      'Saw a job that the controller did not create or forgot: x',
    ],
  );
  const before = cronJob({}, { lastSuccessfulTime: '2026-01-01T11:45:00Z' });
  assert.equal(reviewChildren(before, own).lastSuccessfulTime, '2026-01-01T11:45:00Z', 'it never goes back');
});

test('the oldest go, of successes and of failures for themselves', () => {
  const own = [
    child('new', 'Complete', '2026-01-01T11:00:00Z'),
    child('old', 'Complete', '2026-01-01T09:00:00Z'),
    child('bad-a', 'Failed'),
    child('bad-b', 'Failed'),
    child('runs'),
  ];
  const gone = (successfulJobsHistoryLimit: number, failedJobsHistoryLimit: number) =>
    outlivedJobs(cronJob({ successfulJobsHistoryLimit, failedJobsHistoryLimit }), own).map(
      ({ metadata }) => metadata.name,
    );
  assert.deepEqual(gone(1, 1), ['old', 'bad-a']);
  assert.deepEqual(gone(3, 0), ['bad-a', 'bad-b']);
  const [, old] = own;
  if (old) old.metadata.deletionTimestamp = '2026-01-01T11:59:00Z';
  assert.deepEqual(gone(0, 1), ['new', 'bad-a'], 'what is being deleted already is left to end');
});

test('a job is named for its time, and says it by the clocks of its zone', () => {
  const jobTemplate = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { template: {} } };
  const { metadata, spec } = draftJob(cronJob({ jobTemplate, timeZone: 'Europe/Berlin' }), Date.parse(noon));
  assert.equal(metadata.name, 'tick-29454480');
  assert.deepEqual(metadata.labels, { a: 'b' });
  assert.deepEqual(metadata.annotations, {
    c: 'd',
    'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T13:00:00+01:00',
  });
  assert.equal(metadata.ownerReferences?.[0]?.controller, true);
  assert.deepEqual(spec, { template: {} });
});

test('a job is referred to by all that finds it again', () => {
  assert.deepEqual(
    referenceTo({ ...child('a'), metadata: { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '5' } }),
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      name: 'a',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '5',
    },
  );
});

test('a template without labels or annotations gives none, but for the time', () => {
  const { metadata } = draftJob(cronJob({}), Date.parse(noon));
  assert.equal(metadata.labels, undefined);
  assert.deepEqual(Object.keys(metadata.annotations ?? {}), ['batch.kubernetes.io/cronjob-scheduled-timestamp']);
});
