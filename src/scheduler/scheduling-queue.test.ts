import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

function handClock() {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: Clock = {
    now: () => now,
    monotonicMs: () => now,
    sleep: () => Promise.reject(new Error('nobody sleeps here')),
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (ms: number) => {
    now += ms;
    for (const timer of timers) if (timer.at <= now && timers.delete(timer)) timer.run();
  };
  return { clock, advance };
}

function queueAt(clock: Clock) {
  return new SchedulingQueue({ clock, onReady: () => {} });
}

test('the highest priority comes first, then who came first; each once', () => {
  const queue = queueAt(handClock().clock);
  for (const [key, priority] of [
    ['a', 0],
    ['b', 10],
    ['c', 0],
    ['a', 0],
    ['d', 10],
  ] as const)
    queue.add(key, priority);
  assert.deepEqual(
    Array.from({ length: 5 }, () => queue.take()),
    ['b', 'd', 'a', 'c', undefined],
  );
});

test('a parked pod is woken by a change that may help it, and by no other', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  queue.park('a', 0, new Set(['node-changed']));
  advance(1_000_000);
  assert.equal(queue.take(), undefined, 'time alone wakes nobody');
  queue.wake('pod-gone');
  assert.equal(queue.take(), undefined);
  queue.wake('node-changed');
  assert.equal(queue.take(), 'a');
});

test('a pod that keeps failing is woken no sooner than its back-off allows', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  queue.park('a', 0, new Set(['pod-gone']));
  queue.wake('pod-gone');
  queue.wake('pod-gone');
  assert.equal(queue.take(), undefined);
  advance(100);
  assert.equal(queue.take(), 'a');
  queue.park('a', 0, new Set(['pod-gone']));
  queue.wake('pod-gone');
  advance(199);
  assert.equal(queue.take(), undefined);
  advance(1);
  assert.equal(queue.take(), 'a');
});

test('a deleted pod does not come back, and its failures are forgotten', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  queue.retry('a', 0);
  queue.delete('a');
  advance(10_000);
  assert.equal(queue.take(), undefined);
  queue.retry('a', 0);
  advance(100);
  assert.equal(queue.take(), 'a');
});
