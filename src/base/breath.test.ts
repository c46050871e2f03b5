import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Breath } from './breath.ts';

test('others get their turn once the slice is over, and then a new one begins', async () => {
  let nowMs = 1000;
  const clock = mock.method(performance, 'now', () => nowMs);
  try {
    const breath = new Breath();
    assert.equal(breath.pause(), undefined);
    nowMs += 5;
    let others = 0;
    setImmediate(() => {
      others++;
    });
    await breath.pause();
    assert.equal(others, 1);
    assert.equal(breath.pause(), undefined);
  } finally {
    clock.mock.restore();
  }
});
