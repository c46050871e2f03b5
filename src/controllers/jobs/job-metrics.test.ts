import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../api/kinds/job-spec.ts';
import { Metrics } from '../../base/metrics.ts';
import { indexed, job, observe, pod } from './job-for-tests.ts';
import { JobMetrics } from './job-metrics.ts';
import { tallyJob } from './job-tally.ts';

/** The series of one metric that are not zero, as "label,label value". */
function told(name: string, say: (metrics: JobMetrics) => void): string[] {
  const metrics = new Metrics();
  say(new JobMetrics(metrics));
  return metrics
    .text()
    .split('\n')
    .filter((line) => line.startsWith(`job_controller_${name}{`) && !line.endsWith(' 0'))
    .map((line) => {
      const values = [...line.matchAll(/="([^"]*)"/g)].map(([, value]) => value);
      return `${values.join()} ${line.split(' ').at(-1)}`;
    });
}

const counts: { name: string; before?: Job['status']; of: Job; pods: string[]; indexes: string[] }[] = [
  { name: 'nothing', of: job(), pods: [], indexes: [] },
  {
    name: 'what is more than before',
    before: { succeeded: 2, failed: 1 },
    of: job({}, { succeeded: 5, failed: 2 }),
    pods: ['NonIndexed,succeeded 3', 'NonIndexed,failed 1'],
    indexes: [],
  },
  {
    name: 'a job that became smaller takes nothing back',
    before: { succeeded: 3, completedIndexes: '0-2' },
    of: indexed(2, {}, { succeeded: 2, completedIndexes: '0-1' }),
    pods: [],
    indexes: [],
  },
  {
    name: 'places',
    before: { succeeded: 1, completedIndexes: '3' },
    of: indexed(9, {}, { succeeded: 4, completedIndexes: '1-3,5', failed: 1 }),
    pods: ['Indexed,succeeded 3', 'Indexed,failed 1'],
    indexes: ['succeeded,global 3'],
  },
  {
    name: 'places that are given up',
    before: { failedIndexes: '0' },
    of: indexed(9, { backoffLimitPerIndex: 1 }, { completedIndexes: '5', succeeded: 1, failedIndexes: '0-2' }),
    pods: ['Indexed,succeeded 1'],
    indexes: ['succeeded,perIndex 1', 'failed,perIndex 2'],
  },
];
for (const { name, before = {}, of, pods, indexes } of counts) {
  test(`counted: ${name}`, () => {
    assert.deepEqual(
      told('job_pods_finished_total', (all) => all.counted(before, of)),
      pods,
    );
    assert.deepEqual(
      told('job_finished_indexes_total', (all) => all.counted(before, of)),
      indexes,
    );
  });
}

const creations: [name: string, of: Job, pods: ReturnType<typeof pod>[], reason: string][] = [
  ['the first', job(), [], 'new'],
  ['beside others', job(), [pod('a', 'Running')], 'new'],
  ['after a failure', job({}, { failed: 1 }), [], 'recreate_terminating_or_failed'],
  ['while one ends', job(), [pod('a', 'Running', { isDeleted: true })], 'recreate_terminating_or_failed'],
  ['where ends are waited for', job({ podReplacementPolicy: 'Failed' }, { failed: 1 }), [], 'recreate_failed'],
  ['where nothing has failed', job({ podReplacementPolicy: 'Failed' }), [], 'new'],
];
for (const [name, of, pods, reason] of creations) {
  test(`why a pod is made: ${name}`, () => {
    const tally = tallyJob(observe(of, pods));
    const say = (metrics: JobMetrics) => metrics.created(of, tally, { made: 2, refused: 1 });
    assert.deepEqual(told('job_pods_creation_total', say), [`${reason},succeeded 2`, `${reason},failed 1`]);
    assert.deepEqual(
      told('job_pods_creation_total', (all) => all.created(of, tally, { made: 0, refused: 0 })),
      [],
    );
  });
}

const [runs, ended, released] = [pod('a', 'Running'), pod('a', 'Failed'), pod('a', 'Failed', { isCounted: true })];
const changes: [name: string, before: typeof runs | undefined, now: typeof runs | undefined, says: string[]][] = [
  ['it ends', runs, ended, ['add 1']],
  ['it is found ended', undefined, ended, ['add 1']],
  ['it is let go', ended, released, ['delete 1']],
  ['it is gone without having been let go', ended, undefined, ['delete 1']],
  ['it runs', undefined, runs, []],
  ['it stays as it is', ended, ended, []],
  ['one that was let go is gone', released, undefined, []],
];
for (const [name, before, now, says] of changes) {
  test(`the finalizer of an ended pod: ${name}`, () =>
    assert.deepEqual(
      told('terminated_pods_tracking_finalizer_total', (all) => all.podChanged(before, now)),
      says,
    ));
}

test('only failures of which a rule says something are told as handled', () => {
  const onExitCodes = { operator: 'In' as const, values: [7] };
  const of = job({ podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes }] } });
  const failed = [pod('a', 'Failed', { exitCode: 7 }), pod('b', 'Failed', { exitCode: 1 })];
  assert.deepEqual(
    told('pod_failures_handled_by_failure_policy_total', (all) => all.judged(of, failed)),
    ['Ignore 1'],
  );
});

test('a turn is told by what came of it and how long it took, an end by its reason', () => {
  const turn = { isFailed: false, ms: 40 };
  const metrics = new Metrics();
  const all = new JobMetrics(metrics);
  all.synced(job(), 'tracking', turn);
  all.synced(job(), 'pods_created', { ...turn, isFailed: true });
  const told = metrics.text();
  const labels = 'completion_mode="NonIndexed",result="success",action="tracking"';
  assert.ok(told.includes(`job_controller_job_syncs_total{${labels}} 1`));
  assert.ok(told.includes(`job_controller_job_sync_duration_seconds_bucket{${labels},le="0.032"} 0`));
  assert.ok(told.includes(`job_controller_job_sync_duration_seconds_bucket{${labels},le="0.064"} 1`));
  assert.ok(told.includes('result="error",action="pods_created"} 1'));
  const condition = { type: 'Failed', status: 'True', reason: 'DeadlineExceeded' };
  all.ended(indexed(1), condition as Parameters<typeof all.ended>[1]);
  assert.ok(
    metrics
      .text()
      .includes('jobs_finished_total{completion_mode="Indexed",result="failed",reason="DeadlineExceeded"} 1'),
  );
});
