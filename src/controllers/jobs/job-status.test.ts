import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../api/kinds/job-spec.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Verdict } from './job-end.ts';
import { trackingFinalizer } from './job-finalizer.ts';
import { indexed, job, now, observe, pod } from './job-for-tests.ts';
import { countPods, type Outcome, settleCount } from './job-status.ts';
import { tallyJob } from './job-tally.ts';

const met: Verdict = { type: 'SuccessCriteriaMet', reason: 'CompletionsReached', message: 'done' };
const lost: Verdict = { type: 'FailureTarget', reason: 'BackoffLimitExceeded', message: 'lost' };

function count(of: Job, pods: readonly Pod[], more: Partial<Outcome> = {}) {
  const observed = observe(of, pods);
  const tally = tallyJob(observed);
  const outcome = {
    active: tally.active.length,
    ready: tally.ready,
    terminating: tally.terminating,
    verdict: undefined,
    isCaughtUp: true,
    isNamespaceEnding: false,
    ...more,
  };
  return { ...countPods(observed, tally, outcome), tally, outcome };
}

const released = (of: ReturnType<typeof count>) => of.release.map(({ metadata }) => metadata.uid).join(' ');

test('who has ended is named, and may go', () => {
  const pods = [
    pod('a', 'Succeeded'),
    pod('b', 'Failed'),
    pod('c', 'Running'),
    pod('d', 'Succeeded', { isCounted: true }),
  ];
  const counted = count(job({}, { succeeded: 1, startTime: '2026-01-01T11:00:00Z' }), pods);
  assert.deepEqual(counted.status, {
    startTime: '2026-01-01T11:00:00Z',
    active: 1,
    ready: 0,
    terminating: 0,
    succeeded: 1,
    uncountedTerminatedPods: { succeeded: ['a'], failed: ['b'] },
  });
  assert.equal(released(counted), 'a b');
});

test('who was named and has no finalizer any more is counted', () => {
  const of = job({}, { succeeded: 1, uncountedTerminatedPods: { succeeded: ['a', 'gone'], failed: ['b'] } });
  const { status } = count(of, [pod('a', 'Succeeded', { isCounted: true }), pod('b', 'Failed')]);
  assert.deepEqual(
    [status.succeeded, status.failed, status.uncountedTerminatedPods],
    [3, undefined, { failed: ['b'] }],
  );
});

test('of places it is enough to name them', () => {
  const of = indexed(5, {}, { completedIndexes: '0', succeeded: 1 });
  const { status } = count(of, [
    pod('a', 'Succeeded', { index: 1 }),
    pod('b', 'Succeeded', { index: 1 }),
    pod('c', 'Succeeded'),
  ]);
  assert.deepEqual([status.succeeded, status.completedIndexes, status.uncountedTerminatedPods], [2, '0,1', {}]);
});

test('one that a rule ignores is not counted, and lets go all the same', () => {
  const rules = [{ action: 'Ignore' as const, onExitCodes: { operator: 'In' as const, values: [1] } }];
  const counted = count(job({ podFailurePolicy: { rules } }), [pod('a', 'Failed')]);
  assert.deepEqual(counted.status.uncountedTerminatedPods, {});
  assert.equal(released(counted), 'a');
});

test('the last failure of a place is kept for what it knows', () => {
  const of = indexed(2, { backoffLimitPerIndex: 3 });
  assert.equal(released(count(of, [pod('a', 'Failed', { index: 0 })])), '');
  assert.equal(
    released(count(of, [pod('a', 'Failed', { index: 0 }), pod('b', 'Running', { index: 0, failures: 1 })])),
    'a',
  );
  const [ended, ends] = [pod('a', 'Failed', { index: 0 }), pod('b', 'Running', { index: 1, isDeleted: true })];
  assert.equal(released(count(of, [ended, ends])), '');
  assert.equal(released(count(of, [ended, ends], { isNamespaceEnding: true })), 'a b', 'nobody comes after it');
});

test('when a job has failed, who still runs has, too; when it has succeeded, nobody is asked', () => {
  const pods = [pod('a', 'Running'), pod('b', 'Pending')];
  const gone = { active: 0, terminating: 2 };
  assert.deepEqual(count(job(), pods, { ...gone, verdict: lost }).status.uncountedTerminatedPods, {
    failed: ['a', 'b'],
  });
  const won = count(job(), pods, { ...gone, verdict: met });
  assert.deepEqual(won.status.uncountedTerminatedPods, {});
  assert.equal(released(won), 'a b');
});

test('500 are named, the others wait', () => {
  const pods = Array.from({ length: 600 }, (_, index) => pod(`${index}`, 'Succeeded'));
  const counted = count(job(), pods);
  assert.deepEqual([counted.release.length, counted.isFull], [500, true]);
});

test('500 of all sorts together', () => {
  const pods = Array.from({ length: 600 }, (_, index) => pod(`${index}`, index % 2 ? 'Failed' : 'Succeeded'));
  assert.equal(count(job(), pods).release.length, 500);
});

test('an end is told when all have gone and all are counted', () => {
  const pods = [pod('a', 'Succeeded')];
  const end = (more: Partial<Outcome>, left: Pod[]) => {
    const counted = count(job(), pods, more);
    return settleCount(job(), counted, left, counted.outcome, now);
  };
  assert.equal(end({ verdict: met, terminating: 1 }, []).end, undefined, 'one still ends');
  assert.equal(end({ verdict: met, active: 1 }, []).end, undefined, 'one could not be deleted');
  assert.equal(end({ verdict: met }, pods).end, undefined, 'a finalizer is still on');
  assert.equal(end({ verdict: met, isCaughtUp: false }, []).end, undefined, 'one was made that nobody has seen');
  const complete = end({ verdict: met }, []);
  assert.deepEqual([complete.end?.type, complete.end?.reason], ['Complete', 'CompletionsReached']);
  assert.equal(complete.status.completionTime, '2026-01-01T12:00:00Z');
  assert.equal(complete.status.succeeded, 1);
  const failed = end({ verdict: lost }, []);
  assert.deepEqual([failed.end?.type, failed.status.completionTime], ['Failed', undefined]);
  assert.deepEqual(
    failed.status.conditions?.map(({ type }) => type),
    ['FailureTarget', 'Failed'],
  );
});

test('a job that was never suspended says nothing of it; one that is resumed starts anew', () => {
  const { status } = count(job(), [], { isSuspended: false });
  assert.equal(status.conditions, undefined);
  assert.equal(status.startTime, '2026-01-01T12:00:00Z');
  const before = job({}, { startTime: '2026-01-01T11:00:00Z' });
  assert.equal(count(before, [], { isSuspended: false }).status.startTime, '2026-01-01T11:00:00Z');
  const held = count(job({ suspend: true }), [], { isSuspended: true }).status;
  assert.deepEqual([held.startTime, held.conditions?.[0]?.reason], [undefined, 'JobSuspended']);
  const resumed = count(job({}, { ...held, startTime: '2026-01-01T11:00:00Z' }), [], { isSuspended: false }).status;
  assert.deepEqual([resumed.startTime, resumed.conditions?.[0]?.reason], ['2026-01-01T12:00:00Z', 'JobResumed']);
});

/** Small and even, so that a run can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

for (const start of [job({ completions: 40 }), indexed(40)]) {
  test(`${start.spec.completionMode}: killed between any two steps, every pod is counted once`, () => {
    for (let seed = 1; seed <= 50; seed++) {
      const below = random(seed);
      let status: Job['status'] = {};
      const ended = Array.from({ length: 40 }, (_, index) =>
        pod(`${index}`, below(4) === 0 ? 'Failed' : 'Succeeded', { index }),
      );
      const failures = ended.filter((each) => each.status.phase === 'Failed').length;
      let pods: Pod[] = [];
      for (let round = 0; round < 100; round++) {
        pods = [...pods, ...ended.splice(0, below(4))];
        const counted = count({ ...start, status }, pods);
        // The server is killed before the status is written, amid the finalizers, before the last status is written, or not at all.
        const lived = round > 90 ? 3 : below(4);
        if (lived === 0) continue;
        status = counted.status;
        const off = new Set(
          counted.release.filter(() => lived > 1 || below(2) === 0).map(({ metadata }) => metadata.uid),
        );
        pods = pods.map((each) => (off.has(each.metadata.uid) ? withoutFinalizer(each) : each));
        // Somebody deletes pods that nothing keeps.
        pods = pods.filter((each) => !isCounted(each) || below(6) > 0);
        if (lived === 3)
          status = settleCount(
            start,
            counted,
            pods.filter((each) => !isCounted(each)),
            counted.outcome,
            now,
          ).status;
      }
      const { succeeded = 0, failed = 0, uncountedTerminatedPods } = status;
      assert.equal(ended.length, 0);
      assert.deepEqual(
        { seed, succeeded, failed, uncountedTerminatedPods },
        { seed, succeeded: 40 - failures, failed: failures, uncountedTerminatedPods: {} },
      );
    }
  });
}

const isCounted = ({ metadata }: Pod) => !metadata.finalizers?.includes(trackingFinalizer);

function withoutFinalizer(each: Pod): Pod {
  const { finalizers: _, ...metadata } = each.metadata;
  return { ...each, metadata };
}
