import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { WorkQueue } from './work-queue.ts';
import { WorkQueueMetrics } from './work-queue-metrics.ts';

test('a key whose work hangs gives up its worker, and is never worked on twice at a time', async () => {
  const timers: (() => void)[] = [];
  const clock = {
    ...systemClock,
    after: (_: number, run: () => void) => {
      timers.push(run);
      return () => timers.splice(timers.indexOf(run), 1);
    },
  };
  const hanging = Promise.withResolvers<void>();
  const begun: string[] = [];
  const sync = async (key: string) => {
    begun.push(key);
    if (key === 'stuck') await hanging.promise;
  };
  const queue = new WorkQueue({ name: 'test', log: createLog({ write: () => {} }), clock, patienceMs: 10, sync });
  const abort = new AbortController();
  queue.start(abort.signal);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  queue.add('stuck');
  queue.add('next');
  await turn();
  assert.deepEqual(begun, ['stuck'], 'there is one worker');
  timers[0]?.();
  await turn();
  queue.add('stuck');
  queue.add('third');
  await turn();
  assert.deepEqual(begun, ['stuck', 'next', 'third']);
  hanging.resolve();
  await turn();
  assert.deepEqual(begun, ['stuck', 'next', 'third', 'stuck']);
  assert.equal(timers.length, 0, 'nothing waits for what is done');
  abort.abort();
});

test('a key that rests gathers what comes meanwhile, and holds up nobody', async () => {
  const timers: (() => void)[] = [];
  const clock = {
    ...systemClock,
    after: (_: number, run: () => void) => {
      timers.push(run);
      return () => {};
    },
  };
  const begun: string[] = [];
  const sync = async (key: string) => {
    begun.push(key);
  };
  const restMs = (key: string) => (key === 'large' ? 100 : 0);
  const queue = new WorkQueue({ name: 'test', log: createLog({ write: () => {} }), clock, restMs, sync });
  queue.start(new AbortController().signal);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  queue.add('large');
  await turn();
  for (let change = 0; change < 3; change++) queue.add('large');
  queue.add('small');
  queue.add('small');
  await turn();
  assert.deepEqual(begun, ['large', 'small', 'small'], 'there is one worker, and it is free');
  timers.shift()?.();
  await turn();
  assert.deepEqual(begun, ['large', 'small', 'small', 'large'], 'three changes are one');
  timers.shift()?.();
  queue.add('large');
  await turn();
  assert.equal(begun.length, 5, 'one that has rested is worked on at once');
});

test('a queue tells what waits, what is worked on, for how long, and what failed', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs, after: () => () => {} };
  const metrics = new Metrics();
  const works = Promise.withResolvers<void>();
  const sync = async (key: string) => {
    if (key === 'long') await works.promise;
    throw new Error('it fails');
  };
  const log = createLog({ write: () => {} });
  const queue = new WorkQueue({ name: 'test', log, clock, sync, metrics: new WorkQueueMetrics(metrics, clock) });
  queue.add('long');
  queue.add('next');
  queue.add('next');
  nowMs = 2_000;
  queue.start(new AbortController().signal);
  nowMs = 5_000;
  const tells = (series: string, value: number) =>
    assert.ok(metrics.text().split('\n').includes(`workqueue_${series} ${value}`), `${series} is not ${value}`);
  tells('depth{name="test"}', 1);
  tells('adds_total{name="test"}', 3);
  tells('unfinished_work_seconds{name="test"}', 3);
  tells('longest_running_processor_seconds{name="test"}', 3);
  works.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  tells('depth{name="test"}', 0);
  tells('unfinished_work_seconds{name="test"}', 0);
  tells('retries_total{name="test"}', 2);
  tells('queue_duration_seconds_sum{name="test"}', 7);
  tells('work_duration_seconds_sum{name="test"}', 3);
});
