import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../api/kinds/job-spec.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { indexed, job, observe, pod } from './job-for-tests.ts';
import { type Tally, tallyJob } from './job-tally.ts';

const uids = (pods: Iterable<Pod>) => [...pods].map(({ metadata }) => metadata.uid).join(' ');

/** A tally in few words; what is not named in a case does not matter there. */
const told = (tally: Tally) => ({
  tracked: uids(tally.tracked),
  active: uids(tally.active),
  ready: tally.ready,
  terminating: tally.terminating,
  newlySucceeded: uids(tally.newlySucceeded),
  newlyFailed: uids(tally.newlyFailed),
  succeeded: tally.succeeded,
  failed: tally.failed,
  succeededIndexes: tally.succeededIndexes.toString(),
  failedIndexes: tally.failedIndexes?.toString(),
  waiting: [...tally.waiting].map(([index, { metadata }]) => `${index}:${metadata.uid}`).join(' '),
});

const ignoring = { rules: [{ action: 'Ignore' as const, onExitCodes: { operator: 'In' as const, values: [7] } }] };
const givingUp = { rules: [{ action: 'FailIndex' as const, onExitCodes: { operator: 'In' as const, values: [7] } }] };

const cases: { name: string; of: Job; pods: Pod[]; is: Partial<ReturnType<typeof told>> }[] = [
  {
    name: 'nothing',
    of: job(),
    pods: [],
    is: { tracked: '', active: '', succeeded: 0, failed: 0, failedIndexes: undefined },
  },
  {
    name: 'who runs, who is ready, who ends',
    of: job(),
    pods: [pod('a', 'Running', { isReady: true }), pod('b', 'Pending'), pod('c', 'Running', { isDeleted: true })],
    is: { tracked: 'a b c', active: 'a b', ready: 1, terminating: 1, newlyFailed: 'c', failed: 1 },
  },
  {
    name: 'one that is ending has not failed where its end is waited for',
    of: job({ podReplacementPolicy: 'Failed' }),
    pods: [pod('c', 'Running', { isDeleted: true })],
    is: { active: '', terminating: 1, newlyFailed: '', failed: 0 },
  },
  {
    name: 'counts of the status, of what it names, and of what is new',
    of: job({}, { succeeded: 3, failed: 1, uncountedTerminatedPods: { succeeded: ['a'], failed: ['b', 'gone'] } }),
    pods: [pod('a', 'Succeeded'), pod('b', 'Failed'), pod('c', 'Succeeded'), pod('d', 'Failed')],
    is: { newlySucceeded: 'c', newlyFailed: 'd', succeeded: 5, failed: 4 },
  },
  {
    name: 'one without the finalizer has been counted',
    of: job({}, { succeeded: 1 }),
    pods: [pod('a', 'Succeeded', { isCounted: true })],
    is: { tracked: '', newlySucceeded: '', succeeded: 1 },
  },
  {
    name: 'a failure that a rule ignores lets go, and counts for nothing',
    of: job({ podFailurePolicy: ignoring }),
    pods: [pod('a', 'Failed', { exitCode: 7 }), pod('b', 'Failed', { exitCode: 1 })],
    is: { newlyFailed: 'a b', failed: 1 },
  },
  {
    name: 'a place counts once, however many pods say so',
    of: indexed(5, {}, { completedIndexes: '0,3' }),
    pods: [
      pod('a', 'Succeeded', { index: 1 }),
      pod('b', 'Succeeded', { index: 1 }),
      pod('c', 'Succeeded', { index: 3 }),
    ],
    is: { newlySucceeded: 'a b c', succeeded: 3, succeededIndexes: '0,1,3' },
  },
  {
    name: 'places that are no more count for nothing',
    of: indexed(3, {}, { completedIndexes: '0,7-9' }),
    pods: [pod('a', 'Succeeded', { index: 5 }), pod('b', 'Failed', { index: 3 }), pod('c', 'Failed')],
    is: { tracked: 'a b c', newlySucceeded: '', newlyFailed: '', succeeded: 1, failed: 0 },
  },
  {
    name: 'without a limit by place no place is given up or waits',
    of: indexed(2),
    pods: [pod('a', 'Failed', { index: 0, failures: 9 })],
    is: { failed: 1, failedIndexes: undefined, waiting: '' },
  },
  {
    name: 'a place is given up when its failures exceed the limit',
    of: indexed(4, { backoffLimitPerIndex: 1 }, { failedIndexes: '3' }),
    pods: [pod('a', 'Failed', { index: 0, failures: 1 }), pod('b', 'Failed', { index: 1, failures: 0 })],
    is: { failed: 2, failedIndexes: '0,3', waiting: '1:b' },
  },
  {
    name: 'or when a rule says so',
    of: indexed(4, { backoffLimitPerIndex: 9, podFailurePolicy: givingUp }),
    pods: [pod('a', 'Failed', { index: 2, exitCode: 7 })],
    is: { failed: 1, failedIndexes: '2', waiting: '' },
  },
  {
    name: 'an ignored failure gives no place up: it is tried again',
    of: indexed(4, { backoffLimitPerIndex: 0, podFailurePolicy: ignoring }),
    pods: [pod('a', 'Failed', { index: 2, exitCode: 7 })],
    is: { failed: 0, failedIndexes: '', waiting: '2:a' },
  },
  {
    name: 'a place that has succeeded meanwhile, or has a pod again, waits no more',
    of: indexed(4, { backoffLimitPerIndex: 9 }, { completedIndexes: '0' }),
    pods: [
      pod('a', 'Failed', { index: 0 }),
      pod('b', 'Failed', { index: 1 }),
      pod('again', 'Running', { index: 1 }),
      pod('c', 'Failed', { index: 2 }),
    ],
    is: { active: 'again', waiting: '2:c' },
  },
];
for (const { name, of, pods, is } of cases) {
  test(`tally: ${name}`, () => {
    const all = told(tallyJob(observe(of, pods)));
    assert.deepEqual(Object.fromEntries(Object.keys(is).map((key) => [key, all[key as keyof typeof all]])), is);
  });
}

test('failures that were ignored are known, too', () => {
  const ignored = (uid: string, failures: number, count: number) => {
    const one = pod(uid, 'Failed', { index: 0, failures });
    const key = 'batch.kubernetes.io/job-index-ignored-failure-count';
    return { ...one, metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, [key]: `${count}` } } };
  };
  const pods = [ignored('more', 1, 4), ignored('less', 2, 1)];
  const { waiting } = tallyJob(observe(indexed(1, { backoffLimitPerIndex: 9 }), pods));
  assert.equal(uids(waiting.values()), 'more');
});

test('who is named in the status, or has lost the finalizer since our copy was made, is not counted again', () => {
  const named = observe(job({ completions: 2 }, { uncountedTerminatedPods: { succeeded: ['a'] } }), [
    pod('a', 'Succeeded'),
  ]);
  assert.equal(tallyJob(named).succeeded, 1);
  const released = observe(job({ completions: 2 }, { succeeded: 1 }), [pod('a', 'Succeeded')], {
    released: new Set(['a']),
  });
  assert.equal(tallyJob(released).succeeded, 1);
});

test('of the failures of a place the one that knows most is kept', () => {
  const failed = [3, 1].map((failures) => pod(`${failures}`, 'Failed', { index: 0, failures }));
  const { waiting } = tallyJob(observe(indexed(1, { backoffLimitPerIndex: 9 }), failed));
  assert.deepEqual(
    [...waiting.values()].map(({ metadata }) => metadata.uid),
    ['3'],
  );
});
