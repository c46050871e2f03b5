import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { WallAlarm } from './wall-alarm.ts';

/** A clock of which time and hands are moved by hand. */
class HandClock {
  timeMs = 1_000_000;
  aheadMs = 0;
  #timers: { atMs: number; run: () => void }[] = [];

  now = () => this.timeMs + this.aheadMs;
  monotonicMs = () => this.timeMs;
  sleep = () => Promise.reject(new Error('nobody sleeps here'));
  after = (ms: number, run: () => void) => {
    const timer = { atMs: this.timeMs + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  get waiting(): number {
    return this.#timers.length;
  }

  pass(ms: number): void {
    const endMs = this.timeMs + ms;
    for (;;) {
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (!next || next.atMs > endMs) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.timeMs = Math.max(this.timeMs, next.atMs);
      next.run();
    }
    this.timeMs = endMs;
  }
}

function set() {
  const clock = new HandClock();
  const rung: string[] = [];
  const alarm = new WallAlarm({ clock: clock as Clock, onDue: (key) => rung.push(key) });
  const inMs = (key: string, ms: number) => alarm.set(key, clock.now() + ms);
  return { clock, rung, alarm, inMs };
}

test('each rings at its time, once', () => {
  const { clock, rung, inMs } = set();
  inMs('b', 200_000);
  inMs('a', 1000);
  clock.pass(999);
  assert.deepEqual(rung, []);
  clock.pass(1);
  assert.deepEqual(rung, ['a']);
  clock.pass(198_999);
  assert.deepEqual(rung, ['a']);
  clock.pass(1);
  assert.deepEqual(rung, ['a', 'b']);
  assert.equal(clock.waiting, 0, 'nobody waits: nothing runs');
});

test('a later word counts, and one may be taken back', () => {
  const { clock, rung, alarm, inMs } = set();
  inMs('a', 1000);
  inMs('a', 5000);
  inMs('b', 2000);
  alarm.set('b', undefined);
  clock.pass(4999);
  assert.deepEqual(rung, []);
  clock.pass(1);
  assert.deepEqual(rung, ['a']);
});

test('a clock that is set forward is noticed within a minute, one that is set back makes nobody ring early', () => {
  const { clock, rung, inMs } = set();
  inMs('a', 3_600_000);
  clock.pass(90_000);
  clock.aheadMs = 3_600_000;
  clock.pass(30_000);
  assert.deepEqual(rung, ['a']);
  inMs('b', 30_000);
  clock.aheadMs = 0;
  clock.pass(60_000);
  assert.deepEqual(rung, ['a']);
  clock.pass(3_600_000);
  assert.deepEqual(rung, ['a', 'b']);
});
