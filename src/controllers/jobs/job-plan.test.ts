import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../api/kinds/job-spec.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { ago, indexed, job, now, observe, pod } from './job-for-tests.ts';
import { deadlineInMs, judgeCompletion, judgeJob, planEnd, planJobPods } from './job-plan.ts';
import { tallyJob } from './job-tally.ts';

const running = (...uids: string[]) => uids.map((uid) => pod(uid, 'Running', { isReady: true }));

const verdicts: { name: string; job: Job; pods?: Pod[]; is: string | undefined }[] = [
  { name: 'nothing yet', job: job({ completions: 1 }), is: undefined },
  { name: 'as many failures as are allowed', job: job({ backoffLimit: 1 }, { failed: 1 }), is: undefined },
  {
    name: 'one too many',
    job: job({ backoffLimit: 1 }, { failed: 1 }),
    pods: [pod('a', 'Failed')],
    is: 'BackoffLimitExceeded',
  },
  {
    name: 'those that are named count',
    job: job({ backoffLimit: 0 }, { uncountedTerminatedPods: { failed: ['x'] } }),
    is: 'BackoffLimitExceeded',
  },
  {
    name: 'one that was counted does not again',
    job: job({ backoffLimit: 1 }, { failed: 1 }),
    pods: [pod('a', 'Failed', { isCounted: true })],
    is: undefined,
  },
  {
    name: 'one that is deleted has failed',
    job: job({ backoffLimit: 0 }),
    pods: [pod('a', 'Running', { isDeleted: true })],
    is: 'BackoffLimitExceeded',
  },
  {
    name: 'unless its end is waited for',
    job: job({ backoffLimit: 0, podReplacementPolicy: 'Failed' }),
    pods: [pod('a', 'Running', { isDeleted: true })],
    is: undefined,
  },
  {
    name: 'restarts in the pod',
    job: job({ backoffLimit: 2, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } }),
    pods: [pod('a', 'Running', { restarts: 2 })],
    is: 'BackoffLimitExceeded',
  },
  {
    name: 'no restart where none is allowed',
    job: job({ backoffLimit: 0, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } }),
    pods: [pod('a', 'Running')],
    is: undefined,
  },
  { name: 'its time is over', job: job({ activeDeadlineSeconds: 60 }, { startTime: ago(60) }), is: 'DeadlineExceeded' },
  { name: 'its time is not over', job: job({ activeDeadlineSeconds: 60 }, { startTime: ago(59) }), is: undefined },
  {
    name: 'time does not pass while it is suspended',
    job: job({ activeDeadlineSeconds: 60, suspend: true }, { startTime: ago(90) }),
    is: undefined,
  },
  {
    name: 'too many places failed',
    job: indexed(5, { backoffLimitPerIndex: 0, maxFailedIndexes: 0 }),
    pods: [pod('a', 'Failed', { index: 1 })],
    is: 'MaxFailedIndexesExceeded',
  },
  {
    name: 'a place that may try again has not failed',
    job: indexed(5, { backoffLimitPerIndex: 1, maxFailedIndexes: 0 }),
    pods: [pod('a', 'Failed', { index: 1 })],
    is: undefined,
  },
  {
    name: 'it has tried again',
    job: indexed(5, { backoffLimitPerIndex: 1, maxFailedIndexes: 0 }),
    pods: [pod('a', 'Failed', { index: 1, failures: 1 })],
    is: 'MaxFailedIndexesExceeded',
  },
  {
    name: 'all are through, some failed',
    job: indexed(3, { backoffLimitPerIndex: 0 }, { completedIndexes: '0,1' }),
    pods: [pod('a', 'Failed', { index: 2 })],
    is: 'FailedIndexes',
  },
  {
    name: 'a policy is met',
    job: indexed(3, { successPolicy: { rules: [{ succeededCount: 2 }] } }, { completedIndexes: '1' }),
    pods: [pod('a', 'Succeeded', { index: 2 })],
    is: 'SuccessPolicy',
  },
  {
    name: 'what was decided stays',
    job: job({}, { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'Before', message: '' }] }),
    is: 'Before',
  },
];
for (const { name, job: of, pods = [], is } of verdicts) {
  test(`decided: ${name}`, () => {
    const observed = observe(of, pods);
    assert.equal(judgeJob(observed, tallyJob(observed))?.reason, is);
  });
}

const ends: [name: string, job: Job, pods: Pod[], isComplete: boolean][] = [
  ['enough have succeeded', job({ completions: 2 }, { succeeded: 1 }), [pod('a', 'Succeeded')], true],
  ['one is missing', job({ completions: 2 }), [pod('a', 'Succeeded')], false],
  ['one still runs', job({ completions: 1 }, { succeeded: 1 }), running('a'), false],
  ['a queue: one has succeeded', job({ parallelism: 3 }, { succeeded: 1 }), [], true],
  ['a queue: nobody has', job({ parallelism: 3 }), [], false],
  ['nothing is asked for', job({ completions: 0 }), [], true],
  [
    'the same place twice',
    indexed(2),
    [pod('a', 'Succeeded', { index: 1 }), pod('b', 'Succeeded', { index: 1 })],
    false,
  ],
];
for (const [name, of, pods, isComplete] of ends) {
  test(`complete: ${name}`, () => {
    const tally = tallyJob(observe(of, pods));
    assert.equal(
      judgeCompletion(of, tally, tally.active.length)?.reason,
      isComplete ? 'CompletionsReached' : undefined,
    );
  });
}

interface PlanCase {
  name: string;
  job: Job;
  pods?: Pod[];
  record?: { failures: number; lastMs: number };
  /** How many, or which places. */
  create?: number | number[];
  dismiss?: string;
  againInMs?: number;
}

const plans: PlanCase[] = [
  { name: 'as many as may run at once', job: job({ completions: 9, parallelism: 4 }), pods: running('a'), create: 3 },
  {
    name: 'no more than are missing',
    job: job({ completions: 9, parallelism: 4 }, { succeeded: 7 }),
    pods: running('a'),
    create: 1,
  },
  {
    name: 'one that succeeded just now counts',
    job: job({ completions: 2, parallelism: 2 }),
    pods: [pod('a', 'Succeeded')],
    create: 1,
  },
  {
    name: 'one that is being deleted makes room',
    job: job({ completions: 1 }),
    pods: [pod('a', 'Running', { isDeleted: true, endedAgo: 60 })],
    create: 1,
  },
  {
    name: 'or not, where its end is waited for',
    job: job({ completions: 1, podReplacementPolicy: 'Failed' }),
    pods: [pod('a', 'Running', { isDeleted: true })],
  },
  {
    name: 'too many',
    job: job({ completions: 9, parallelism: 1 }),
    pods: [...running('a'), pod('b', 'Pending')],
    dismiss: 'b',
  },
  {
    name: 'none while it is suspended',
    job: job({ completions: 2, parallelism: 2, suspend: true }),
    pods: running('a', 'b'),
    dismiss: 'a b',
  },
  { name: 'a queue is filled', job: job({ parallelism: 3 }), pods: running('a'), create: 2 },
  {
    name: 'and not any more when one has succeeded',
    job: job({ parallelism: 3 }),
    pods: [...running('a'), pod('b', 'Succeeded')],
  },
  {
    name: 'nor does one go where fewer may run',
    job: job({ parallelism: 1 }),
    pods: [...running('a', 'c'), pod('b', 'Succeeded')],
  },
  { name: '500 in one go', job: job({ completions: 9999, parallelism: 9999 }), create: 500 },
  {
    name: 'ten seconds after the first failure',
    job: job({ completions: 1 }),
    pods: [pod('a', 'Failed', { endedAgo: 4 })],
    againInMs: 6000,
  },
  {
    name: 'forty after the third',
    job: job({ completions: 1 }),
    record: { failures: 3, lastMs: now - 10_000 },
    againInMs: 30_000,
  },
  {
    name: 'never for longer than ten minutes',
    job: job({ completions: 1 }),
    record: { failures: 30, lastMs: now },
    againInMs: 600_000,
  },
  {
    name: 'when the time is over',
    job: job({ completions: 1 }),
    record: { failures: 1, lastMs: now - 10_000 },
    create: 1,
  },
  {
    name: 'a success makes all forgotten',
    job: job({ completions: 2 }),
    pods: [pod('a', 'Succeeded', { endedAgo: 1 })],
    record: { failures: 5, lastMs: now - 2000 },
    create: 1,
  },
  {
    name: 'a clock that was set back makes nobody wait for longer',
    job: job({ completions: 1 }),
    record: { failures: 1, lastMs: now + 3_600_000 },
    againInMs: 10_000,
  },
  {
    name: 'the first free places',
    job: indexed(6, { parallelism: 3 }, { completedIndexes: '0,2' }),
    pods: [pod('a', 'Running', { index: 1 })],
    create: [3, 4],
  },
  {
    name: 'of two at one place the lesser goes',
    job: indexed(3),
    pods: [pod('a', 'Running', { index: 1, isReady: true }), pod('b', 'Pending', { index: 1 })],
    dismiss: 'b',
  },
  {
    name: 'and one at a place that is no more',
    job: indexed(2),
    pods: [pod('a', 'Running', { index: 5 })],
    dismiss: 'a',
  },
  {
    name: 'the place of one that ends is not free where its end is waited for',
    job: indexed(2, { podReplacementPolicy: 'Failed' }),
    pods: [pod('a', 'Running', { index: 0, isDeleted: true })],
    create: [1],
  },
  {
    name: 'a failed place waits for itself',
    job: indexed(3, { backoffLimitPerIndex: 2 }),
    pods: [pod('a', 'Failed', { index: 1, endedAgo: 5, failures: 1 })],
    create: [0, 2],
    againInMs: 15_000,
  },
  {
    name: 'of several places that wait the first that may',
    job: indexed(2, { backoffLimitPerIndex: 2 }),
    pods: [pod('a', 'Failed', { index: 0, endedAgo: 2 }), pod('b', 'Failed', { index: 1, endedAgo: 5 })],
    create: [],
    againInMs: 5000,
  },
  {
    name: 'one that was dismissed goes before anything comes, though there is room for it again',
    job: indexed(3),
    pods: [pod('a', 'Running', { index: 0, isCounted: true, isDismissed: true })],
    dismiss: 'a',
  },
  {
    name: 'one that was dismissed goes, also when it has ended since',
    job: job({ completions: 2, parallelism: 2 }),
    pods: [pod('a', 'Succeeded', { isCounted: true, isDismissed: true })],
    dismiss: 'a',
  },
  {
    name: 'one that was dismissed and deleted is waited for by nobody',
    job: indexed(2),
    pods: [pod('a', 'Running', { index: 0, isCounted: true, isDismissed: true, isDeleted: true })],
    create: [0, 1],
  },
  {
    name: 'a place that is given up gets none',
    job: indexed(3, { backoffLimitPerIndex: 0 }, { failedIndexes: '1' }),
    create: [0, 2],
  },
];
for (const { name, job: of, pods = [], record, create = 0, dismiss = '', againInMs } of plans) {
  test(`plan: ${name}`, () => {
    const observed = observe(of, pods, record && { record });
    const plan = planJobPods(observed, tallyJob(observed));
    const created = plan.create.map((place) => place?.index);
    assert.deepEqual(typeof create === 'number' ? created.length : created, create);
    assert.equal(plan.dismiss.map(({ metadata }) => metadata.uid).join(' '), dismiss);
    assert.equal(plan.againInMs, againInMs);
  });
}

for (const large of [job({ parallelism: 5000 }), indexed(5000)]) {
  test(`${large.spec.completionMode}: where none is too many, none is looked at over and over`, () => {
    let reads = 0;
    const pods = Array.from({ length: 5000 }, (_, index) => {
      const { metadata, status, ...rest } = pod(`${index}`, 'Running', { index });
      const read = <T>(value: T): T => {
        reads += 1;
        return value;
      };
      return Object.defineProperties(
        { ...rest },
        { metadata: { get: () => read(metadata) }, status: { get: () => read(status) } },
      ) as Pod;
    });
    const observed = observe(large, pods);
    const tally = tallyJob(observed);
    reads = 0;
    assert.deepEqual(planJobPods(observed, tally), { dismiss: [], create: [] });
    assert.ok(reads <= 3 * pods.length, `${reads} times for ${pods.length} pods`);
  });
}

test('the next pod of a place knows how often it has failed', () => {
  const rules = [{ action: 'Ignore' as const, onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }];
  const of = indexed(3, { backoffLimitPerIndex: 5, podFailurePolicy: { rules } });
  const pods = [
    pod('a', 'Failed', { index: 0, failures: 2 }),
    pod('b', 'Failed', { index: 1, failures: 2, condition: 'DisruptionTarget' }),
  ];
  const observed = observe(of, pods);
  assert.deepEqual(planJobPods(observed, tallyJob(observed)).create, [
    { index: 0, failures: { counted: 3, ignored: 0 } },
    { index: 1, failures: { counted: 2, ignored: 1 } },
    { index: 2, failures: { counted: 0, ignored: 0 } },
  ]);
});

test('when it is decided, who still runs goes, 500 at a time', () => {
  const pods = [pod('ended', 'Succeeded'), ...running(...Array.from({ length: 600 }, (_, index) => `${index}`))];
  const { dismiss, create } = planEnd(tallyJob(observe(job(), pods)));
  assert.deepEqual([dismiss.length, create.length, dismiss[0]?.metadata.uid], [500, 0, '0']);
});

test('how long a job may still take', () => {
  assert.equal(deadlineInMs(job({ activeDeadlineSeconds: 60 }, { startTime: ago(20) }), now), 40_000);
  assert.equal(deadlineInMs(job({}, { startTime: ago(20) }), now), undefined);
});
