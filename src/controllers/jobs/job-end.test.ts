import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOf, type JobCondition, trueCondition, verdictOf, withCondition } from './job-end.ts';
import { ago, job, now } from './job-for-tests.ts';

const condition = (type: string, status = 'True', more: Partial<JobCondition> = {}): JobCondition => ({
  ...{ type, status, lastProbeTime: ago(90), lastTransitionTime: ago(90) },
  ...more,
});
const jobWith = (...conditions: JobCondition[]) => job({}, { conditions });

const ends: [conditions: JobCondition[], end: string | undefined, verdict: string | undefined][] = [
  [[], undefined, undefined],
  [[condition('Suspended')], undefined, undefined],
  [[condition('FailureTarget')], undefined, 'FailureTarget'],
  [[condition('FailureTarget', 'False')], undefined, undefined],
  [[condition('SuccessCriteriaMet'), condition('Complete')], 'Complete', 'SuccessCriteriaMet'],
  [[condition('FailureTarget'), condition('Failed')], 'Failed', 'FailureTarget'],
  [[condition('Failed', 'False')], undefined, undefined],
];
for (const [conditions, end, verdict] of ends) {
  const told = conditions.map(({ type, status }) => `${type}=${status}`).join(' ') || 'nothing said';
  test(`${told}: ended ${end}, decided ${verdict}`, () => {
    assert.equal(endOf(jobWith(...conditions))?.type, end);
    assert.equal(verdictOf(jobWith(...conditions))?.type, verdict);
  });
}

test('what was decided is told with its reason', () => {
  const known = condition('FailureTarget', 'True', { reason: 'DeadlineExceeded', message: 'late' });
  assert.deepEqual(verdictOf(jobWith(known)), { type: 'FailureTarget', reason: 'DeadlineExceeded', message: 'late' });
  assert.equal(trueCondition(jobWith(known), 'Suspended', 'FailureTarget'), known);
});

const said = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' };
const stands = condition('Suspended', 'True', { reason: said.reason, message: said.message });
const other = condition('Complete');

test('what stands there already is not said again: the very same list', () => {
  const known = [other, stands];
  assert.equal(withCondition(known, said, now), known);
});

test('what was never said is not denied', () => {
  assert.equal(withCondition(undefined, { ...said, status: 'False' }, now), undefined);
  const known = [other];
  assert.equal(withCondition(known, { ...said, status: 'False' }, now), known);
});

test('something new is added, a change takes its place, both with the time of now', () => {
  const fresh = { ...said, lastProbeTime: ago(0), lastTransitionTime: ago(0) };
  assert.deepEqual(withCondition(undefined, said, now), [fresh]);
  assert.deepEqual(withCondition([other], said, now), [other, fresh]);
  const denied = { ...said, status: 'False', reason: 'JobResumed', message: 'Job resumed' };
  assert.deepEqual(withCondition([stands, other], denied, now), [
    { ...denied, lastProbeTime: ago(0), lastTransitionTime: ago(0) },
    other,
  ]);
  const reworded = { ...said, message: 'otherwise' };
  assert.equal(withCondition([stands], reworded, now)?.[0]?.message, 'otherwise');
});
