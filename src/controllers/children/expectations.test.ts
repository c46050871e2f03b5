import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { Expectations } from './expectations.ts';

function withTimers() {
  const timers: (() => void)[] = [];
  const expired: string[] = [];
  const after = (_ms: number, run: () => void) => {
    timers.push(run);
    return () => {};
  };
  const clock = { ...systemClock, after };
  return { expectations: new Expectations({ clock, onExpired: (key) => expired.push(key) }), timers, expired };
}

test('creations are met when all have been seen', () => {
  const { expectations } = withTimers();
  expectations.expect('a', { creations: 2 });
  expectations.creationObserved('a');
  assert.equal(expectations.isMet('a'), false);
  expectations.creationObserved('a');
  assert.equal(expectations.isMet('a'), true);
});

test('deletions are met by the very objects, each once', () => {
  const { expectations } = withTimers();
  expectations.expect('a', { deletions: ['x', 'y'] });
  for (const uid of ['x', 'x', 'z']) expectations.deletionObserved('a', uid);
  assert.equal(expectations.isMet('a'), false);
  expectations.deletionObserved('a', 'y');
  assert.equal(expectations.isMet('a'), true);
});

test('nothing expected is met; what is never seen is given up and looked at again', () => {
  const { expectations, timers, expired } = withTimers();
  expectations.expect('a', {});
  assert.equal(expectations.isMet('a'), true);
  expectations.expect('b', { creations: 1 });
  timers[0]?.();
  assert.equal(expectations.isMet('b'), true);
  assert.deepEqual(expired, ['b']);
});
