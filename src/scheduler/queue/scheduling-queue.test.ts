import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../base/clock.ts';
import { always, type ClusterChange } from '../cluster/cluster-change.ts';
import { nodeOf, podOf } from '../cluster/cluster-for-tests.ts';
import type { Filter } from '../filters/filter.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { longestParkedMs, SchedulingQueue } from './scheduling-queue.ts';

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
    const until = now + ms;
    for (;;) {
      const due = [...timers].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0];
      if (!due) break;
      timers.delete(due);
      now = Math.max(now, due.at);
      due.run();
    }
    now = until;
  };
  return { clock, advance };
}

function queueAt(clock: Clock) {
  return new SchedulingQueue({ clock, onReady: () => {} });
}

const take = (queue: SchedulingQueue) => queue.take()?.key;
const demandOf = (name: string, priority = 0) => podDemand(podOf({ priority }, { name }));
const byNodes: Filter = { name: 'nodes', prepare: () => undefined, hints: { node: always } };
const byPods: Filter = {
  name: 'pods',
  prepare: () => undefined,
  hints: { 'pod-gone': ({ pod }) => pod.priority === 0 },
};
const nodeChange: ClusterChange = { type: 'node', object: nodeOf('n'), previous: undefined };
const gone = (priority: number): ClusterChange => ({ type: 'pod-gone', pod: demandOf('gone', priority) });

test('the highest priority comes first, then who came first; each once', () => {
  const queue = queueAt(handClock().clock);
  for (const [key, priority] of [
    ['a', 0],
    ['b', 10],
    ['c', 0],
    ['a', 0],
    ['d', 10],
    ['e', 0],
    ['e', 20],
  ] as const)
    queue.add(key, priority);
  assert.deepEqual(
    Array.from({ length: 6 }, () => take(queue)),
    ['e', 'b', 'd', 'a', 'c', undefined],
  );
});

test('a parked pod is woken by a change of which a filter that refused it says that it may help, and by no other', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  queue.park(demandOf('a'), new Set([byPods]));
  advance(20_000);
  queue.wake(nodeChange);
  assert.equal(take(queue), undefined, 'a node is of no use');
  queue.wake(gone(7));
  assert.equal(take(queue), undefined, 'nor is this pod');
  queue.wake(gone(0));
  assert.equal(take(queue), 'default/a');
});

test('back-off is a second, doubled with each failure up to ten, and each tenth of it where nobody else waits', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  const waits = [1, 2, 4, 8, 10, 10].map((seconds) => seconds * 1000);
  for (const waitMs of waits) {
    queue.park(demandOf('a'), new Set([byNodes]));
    queue.wake(nodeChange);
    queue.add('urgent', 0);
    advance(waitMs / 10);
    assert.equal(take(queue), 'urgent');
    queue.add('urgent', 0);
    advance(waitMs - waitMs / 10 - 1);
    queue.add('urgent', 0);
    assert.equal(take(queue), 'urgent', `before ${waitMs}`);
    queue.add('late', 0);
    advance(1);
    assert.deepEqual([take(queue), take(queue), take(queue)], ['late', 'default/a', undefined]);
  }
  queue.park(demandOf('a'), new Set([byNodes]));
  queue.wake(nodeChange);
  advance(999);
  assert.equal(take(queue), undefined);
  advance(1);
  assert.equal(take(queue), 'default/a');
  advance(100_000);
  assert.equal(take(queue), undefined, 'no timer is left of a pod that was taken');
});

test('a pod that nothing helped is tried again after five minutes', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  queue.park(demandOf('a'), new Set([byNodes]));
  advance(1000);
  queue.park(demandOf('b'), new Set([byNodes]));
  advance(longestParkedMs - 1001);
  assert.equal(take(queue), undefined);
  advance(1);
  assert.equal(take(queue), 'default/a');
  assert.equal(take(queue), undefined);
  advance(1000);
  assert.equal(take(queue), 'default/b');
});

test('a deleted pod does not come back, and its failures are forgotten', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  queue.retry(demandOf('a'));
  queue.delete('default/a');
  advance(100_000);
  assert.equal(take(queue), undefined);
  queue.retry(demandOf('a'));
  advance(100);
  assert.equal(take(queue), 'default/a');
});

test('how often a pod was tried, and since when it waits, is told with it', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  advance(5);
  queue.add('default/a', 0);
  advance(10);
  assert.deepEqual(queue.take(), { key: 'default/a', sinceMs: 5, tries: 1 });
  queue.retry(demandOf('a'));
  advance(1000);
  assert.deepEqual(queue.take(), { key: 'default/a', sinceMs: 5, tries: 2 });
  queue.delete('default/a');
  queue.add('default/a', 0);
  assert.deepEqual(queue.take(), { key: 'default/a', sinceMs: 1015, tries: 1 });
});

test('each pod is counted in the place where it is', () => {
  const { clock, advance } = handClock();
  const queue = queueAt(clock);
  queue.add('a', 0);
  queue.park(demandOf('b'), new Set([byNodes]));
  queue.retry(demandOf('c'));
  assert.deepEqual(queue.counts(), { active: 1, backoff: 1, unschedulable: 1 });
  assert.deepEqual([...queue.refused()], [['nodes', 1]]);
  queue.wake(nodeChange);
  assert.deepEqual(queue.counts(), { active: 1, backoff: 2, unschedulable: 0 });
  advance(1000);
  assert.deepEqual(queue.counts(), { active: 3, backoff: 0, unschedulable: 0 });
});
