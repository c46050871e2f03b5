import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonIndex, countIndexes } from './job-indexes.ts';
import type { Job } from './job-spec.ts';
import { checkJobStatus } from './job-status.ts';

type Status = Job['status'];

const [start, end] = ['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'];
const conditions = (...types: string[]): NonNullable<Status['conditions']> =>
  types.map((type) => ({ type, status: 'True' }));
const complete: Status = {
  startTime: start,
  completionTime: end,
  succeeded: 1,
  conditions: conditions('SuccessCriteriaMet', 'Complete'),
};
const failed: Status = { startTime: start, failed: 1, conditions: conditions('FailureTarget', 'Failed') };
const indexed = { completionMode: 'Indexed', completions: 4, backoffLimitPerIndex: 1 };

const cases: { before?: Status; after: Status; spec?: object; faults?: RegExp[] }[] = [
  { after: complete },
  { after: failed },
  { before: complete, after: complete },
  { after: { ...complete, conditions: conditions('Complete') }, faults: [/without the SuccessCriteriaMet=true/] },
  { after: { ...failed, conditions: conditions('Failed') }, faults: [/without the FailureTarget=true/] },
  { after: { ...complete, startTime: undefined as never }, faults: [/^status.startTime: Required/] },
  { after: { ...complete, completionTime: undefined as never }, faults: [/^status.completionTime: Required/] },
  { after: { startTime: start, completionTime: end }, faults: [/when there is no Complete=True condition/] },
  { after: { ...complete, startTime: end, completionTime: start }, faults: [/cannot be set before startTime/] },
  { after: { ...complete, active: 1 }, faults: [/active>0 is invalid for finished job/] },
  { after: { ...complete, terminating: 1 }, faults: [/terminating>0 is invalid/] },
  {
    after: { ...complete, uncountedTerminatedPods: { failed: ['u'] } },
    faults: [/needs to be empty for finished job/],
  },
  { after: { active: 1, ready: 2 }, faults: [/more ready pods than active/] },
  { after: { completedIndexes: '0' }, faults: [/when non-indexed completion mode/] },
  { after: { failedIndexes: '0' }, faults: [/when backoffLimitPerIndex is null/] },
  {
    after: { completedIndexes: '0-4' },
    spec: indexed,
    faults: [/error parsing completedIndexes: too large index: "4"/],
  },
  { after: { completedIndexes: '0-2', failedIndexes: '2,3' }, spec: indexed, faults: [/overlap at index: 2/] },
  {
    before: complete,
    after: {},
    faults: [/disable the terminal Complete/, /succeeded counter/, /^status.startTime/, /SuccessCriteriaMet/],
  },
  { before: { failed: 2 }, after: { failed: 1 }, faults: [/cannot decrease the failed counter/] },
  { before: { succeeded: 2 }, after: { succeeded: 1 }, spec: { ...indexed, parallelism: 4 } },
  { before: { startTime: start }, after: {}, spec: { suspend: true } },
  { before: { startTime: start }, after: { startTime: end }, faults: [/^status.startTime/] },
  { before: { startTime: start, conditions: conditions('Suspended') }, after: { startTime: end } },
];

for (const { before = {}, after, spec = { completions: 1 }, faults = [] } of cases) {
  test(`a job's status ${JSON.stringify(before)} becomes ${JSON.stringify(after)}`, () => {
    const job = (status: Status) => ({ spec, status }) as unknown as Job;
    const found = [...checkJobStatus(job(after), job(before))].map(({ field, message }) => `${field}: ${message}`);
    assert.equal(found.length, faults.length, found.join('\n'));
    for (const [index, fault] of faults.entries()) assert.match(found[index] ?? '', fault);
  });
}

test('places are counted', () => {
  assert.deepEqual(countIndexes('', 4), { count: 0 });
  assert.deepEqual(countIndexes('0,2-4', 5), { count: 4 });
  for (const text of ['2,1', '3-1', '1-2-3', 'a', '5', ','])
    assert.ok('fault' in countIndexes(text, 5), `"${text}" is no list of places`);
});

test('the first common place is found', () => {
  assert.equal(commonIndex('0-3', '2,4', 5), 2);
  assert.equal(commonIndex('0-1,4', '2-3', 5), undefined);
});
