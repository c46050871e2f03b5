import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockWatch } from './clock-watch.ts';

test('a clock that is set wrong is told of until it is right, in the same words while it is off by about as much', () => {
  const watch = new ClockWatch();
  assert.equal(watch.look(300), undefined);
  const off = watch.look(90_400);
  assert.match(off ?? '', /^this host's clock is 90 s behind the master's: set the one that is wrong/);
  assert.equal(watch.look(91_600), off);
  assert.match(watch.look(-3_600_000) ?? '', /clock is 3600 s ahead of the master's/);
  assert.equal(watch.look(-200), undefined);
});
