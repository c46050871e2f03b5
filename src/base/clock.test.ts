import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from './clock.ts';

const dayMs = 24 * 3600 * 1000;

test('what is to happen in a month happens in a month, and not at once', (context: TestContext) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  context.mock.method(performance, 'now', () => nowMs);
  let count = 0;
  systemClock.after(60 * dayMs, () => count++);
  const cancel = systemClock.after(60 * dayMs, () => count++);
  const pass = (days: number) => {
    for (let day = 0; day < days; day++) {
      nowMs += dayMs;
      context.mock.timers.tick(dayMs);
    }
  };
  pass(30);
  cancel();
  pass(29);
  assert.equal(count, 0);
  pass(2);
  assert.equal(count, 1);
});

test('nobody is woken before the time, not even by a fraction of a millisecond', async (context: TestContext) => {
  const earlyByMs = async (wait: (ms: number) => Promise<void>, ms: number) => {
    const dueMs = systemClock.monotonicMs() + ms;
    await wait(ms);
    return dueMs - systemClock.monotonicMs();
  };
  const after = (ms: number) => new Promise<void>((resolve) => void systemClock.after(ms, resolve));
  const alive = setInterval(() => {}, 1000); // `after` keeps no process alive
  context.after(() => clearInterval(alive));
  for (const wait of [systemClock.sleep, after]) {
    const early = await Promise.all(Array.from({ length: 300 }, (_, turn) => earlyByMs(wait, 1 + turn / 17)));
    assert.ok(Math.max(...early) <= 0, `${Math.max(...early)} ms too early`);
  }
});
