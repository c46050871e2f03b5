import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../api/status.ts';
import { InFlight } from './in-flight.ts';

test('one request more than there may be is told to come again, and watches are not counted among them', () => {
  const inFlight = new InFlight({ reading: 2, writing: 1 });
  const leave = inFlight.enter('get');
  inFlight.enter('list');
  inFlight.enter('create');
  const isTooMany = (error: unknown) =>
    error instanceof StatusError && error.code === 429 && error.details?.retryAfterSeconds === 1;
  assert.throws(() => inFlight.enter('get'), isTooMany);
  assert.throws(() => inFlight.enter('patch'), isTooMany);
  inFlight.enter('watch');
  leave();
  inFlight.enter('get');
  assert.deepEqual(inFlight.running, { reading: 2, writing: 1, watching: 1 });
});
