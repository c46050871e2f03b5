import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '../../base/clock.ts';
import { failure, type ProbeOutcome, type ProbeRun, success } from './probe-outcome.ts';
import { ProbeWorker } from './probe-worker.ts';

/** Time goes on by hand, to the next of those who wait. */
function handClock() {
  let nowMs = 0;
  const waiting = new Map<() => void, number>();
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    after(ms, run) {
      waiting.set(run, nowMs + ms);
      return () => waiting.delete(run);
    },
  };
  const next = async () => {
    const [[run, dueMs] = []] = [...waiting].sort(([, a], [, b]) => a - b);
    assert.ok(run && dueMs !== undefined, 'nobody waits');
    waiting.delete(run);
    nowMs = dueMs;
    run();
    await new Promise((resolve) => setImmediate(resolve));
    return nowMs;
  };
  return { clock, next };
}

function begin(answer: () => ProbeRun) {
  const { clock, next } = handClock();
  const told: ProbeOutcome[] = [];
  let runs = 0;
  const run = async () => {
    runs += 1;
    return answer();
  };
  const worker = new ProbeWorker({
    probe: { periodSeconds: 2 },
    firstMs: 500,
    clock,
    run,
    onOutcome: (outcome) => told.push(outcome),
  });
  return { worker, next, told, runs: () => runs };
}

test('one run follows the other by the period', async () => {
  const { next, told, runs } = begin(() => ({ ...success, ended: Promise.resolve() }));
  assert.deepEqual([await next(), await next(), await next()], [500, 2_500, 4_500]);
  assert.deepEqual([runs(), told], [3, [success, success, success]]);
});

test('as long as a command of the last run has not ended there is no other, which is told', async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { next, told, runs } = begin(() => ({ ...failure('too late'), ended }));
  await next();
  await next(); // the next run is due
  assert.deepEqual([runs(), told.length], [1, 1]);
  assert.equal(await next(), 4_500);
  assert.deepEqual(told.at(-1), { result: 'unknown', text: 'the command of the last time has not ended yet' });
  await next();
  assert.equal(runs(), 1);
  end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([runs(), told.at(-1)], [2, failure('too late')], 'at once when it has ended');
});

test('who is stopped runs nothing when the command has ended', async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { worker, next, told, runs } = begin(() => ({ ...failure('too late'), ended }));
  await next();
  await next();
  worker.stop();
  end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([runs(), told.length], [1, 1]);
});
