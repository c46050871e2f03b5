import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from './clock.ts';

const dayMs = 24 * 3600 * 1000;

test('what is to happen in a month happens in a month, and not at once', (context: TestContext) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let count = 0;
  systemClock.after(60 * dayMs, () => count++);
  const cancel = systemClock.after(60 * dayMs, () => count++);
  const pass = (days: number) => {
    for (let day = 0; day < days; day++) context.mock.timers.tick(dayMs);
  };
  pass(30);
  cancel();
  pass(29);
  assert.equal(count, 0);
  pass(2);
  assert.equal(count, 1);
});
