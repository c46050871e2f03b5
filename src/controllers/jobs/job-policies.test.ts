import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../api/kinds/job-spec.ts';
import { IndexSet } from './index-set.ts';
import { indexed, job, pod } from './job-for-tests.ts';
import { meaningOfFailure, successByPolicy } from './job-policies.ts';

type FailureRule = NonNullable<NonNullable<Job['spec']['podFailurePolicy']>['rules']>[number];

const rules: FailureRule[] = [
  { action: 'Count', onExitCodes: { containerName: 'other', operator: 'In', values: [3] } },
  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  { action: 'FailJob', onPodConditions: [{ type: 'ConfigIssue', status: 'True' }] },
  { action: 'FailIndex', onExitCodes: { operator: 'In', values: [3, 4] } },
  { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'NotIn', values: [1, 2] } },
];
const ruled = job({ podFailurePolicy: { rules } });

const failures: [name: string, traits: Parameters<typeof pod>[2], meaning: object][] = [
  ['no rule says anything', { exitCode: 1 }, { isCounted: true }],
  [
    'the first that matches counts',
    { exitCode: 3, condition: 'DisruptionTarget' },
    { isCounted: false, action: 'Ignore' },
  ],
  ['a rule for another container does not match', { exitCode: 3 }, { isCounted: true, action: 'FailIndex' }],
  [
    'all but some codes',
    { exitCode: 9 },
    {
      isCounted: true,
      action: 'FailJob',
      failsJob: 'Container main for pod default/work-a failed with exit code 9 matching FailJob rule at index 4',
    },
  ],
  [
    'a condition',
    { exitCode: 1, condition: 'ConfigIssue' },
    {
      isCounted: true,
      action: 'FailJob',
      failsJob: 'Pod default/work-a has condition ConfigIssue matching FailJob rule at index 2',
    },
  ],
  ['a success is none of the other codes', { exitCode: 0 }, { isCounted: true }],
];
for (const [name, traits, meaning] of failures) {
  test(`a failure: ${name}`, () => assert.deepEqual(meaningOfFailure(ruled, pod('a', 'Failed', traits)), meaning));
}

test('a container that still ends has no exit code to match', () => {
  const running = pod('a', 'Running', { isDeleted: true });
  assert.deepEqual(meaningOfFailure(ruled, running), { isCounted: true });
});

const successes: [rules: object[], succeeded: string, message: string | undefined][] = [
  [[{ succeededIndexes: '0,2' }], '0-1', undefined],
  [[{ succeededIndexes: '0,2' }], '0-2', 'Matched rules at index 0'],
  [[{ succeededIndexes: '0-4', succeededCount: 2 }], '1,7', undefined],
  [[{ succeededIndexes: '0-4', succeededCount: 2 }], '1,4', 'Matched rules at index 0'],
  [[{ succeededIndexes: '9' }, { succeededCount: 3 }], '1-3', 'Matched rules at index 1'],
  [[{ succeededCount: 3 }], '1-2', undefined],
];
for (const [successRules, succeeded, message] of successes) {
  test(`${JSON.stringify(successRules)} with ${succeeded}: ${message ?? 'not yet'}`, () => {
    const of = indexed(10, { successPolicy: { rules: successRules } });
    assert.equal(successByPolicy(of, IndexSet.parse(succeeded, 10)), message);
  });
}

test('without a policy nothing ends a job early', () => {
  assert.equal(successByPolicy(indexed(3), IndexSet.parse('0-2', 3)), undefined);
});
