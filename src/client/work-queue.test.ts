import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { WorkQueue } from './work-queue.ts';

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
