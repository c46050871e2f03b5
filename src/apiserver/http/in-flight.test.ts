import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../api/status.ts';
import { mastersGroup } from '../user.ts';
import { classOf, InFlight } from './in-flight.ts';

const master = { name: 'admin', groups: [mastersGroup] };
const [jane, eve] = [
  { name: 'jane', groups: [] },
  { name: 'eve', groups: [] },
];
const isTooMany = (error: unknown) =>
  error instanceof StatusError && error.code === 429 && error.details?.retryAfterSeconds === 1;

test('one request more than there may be is told to come again, and watches are not counted among them', () => {
  const inFlight = new InFlight({ reading: 2, writing: 1 });
  const leave = inFlight.enter('reading', master);
  inFlight.enter('reading', master);
  inFlight.enter('writing', master);
  assert.throws(() => inFlight.enter('reading', master), isTooMany);
  assert.throws(() => inFlight.enter('writing', master), isTooMany);
  inFlight.enter('watching', master);
  leave();
  leave();
  inFlight.enter('reading', master);
  assert.throws(() => inFlight.enter('reading', master), isTooMany);
  assert.deepEqual(inFlight.running, { reading: 2, writing: 1, watching: 1, living: 0 });
});

test('one user alone takes half of the places, and leaves the others to others', () => {
  const inFlight = new InFlight({ reading: 4, writing: 2 });
  const leave = inFlight.enter('reading', jane);
  inFlight.enter('reading', jane);
  assert.throws(() => inFlight.enter('reading', jane), isTooMany);
  inFlight.enter('writing', jane);
  inFlight.enter('reading', eve);
  leave();
  inFlight.enter('reading', jane);
  assert.throws(() => inFlight.enter('reading', jane), isTooMany);
});

test('what lasts is no reading', () => {
  assert.equal(classOf({ verb: 'get', resource: 'pods' }), 'reading');
  assert.equal(classOf({ verb: 'list', resource: 'pods' }), 'reading');
  assert.equal(classOf({ verb: 'get', resource: 'pods', subresource: 'log' }), 'watching');
  assert.equal(classOf({ verb: 'watch', resource: 'pods' }), 'watching');
  assert.equal(classOf({ verb: 'deletecollection', resource: 'pods' }), 'writing');
});

test('a node that shows that it lives is never sent away', () => {
  const inFlight = new InFlight({ reading: 1, writing: 1 });
  inFlight.enter('writing', jane);
  const lease = { resource: 'leases', namespace: 'kube-node-lease' };
  assert.equal(classOf({ verb: 'patch', ...lease }), 'living');
  assert.equal(classOf({ verb: 'list', ...lease }), 'reading');
  assert.equal(classOf({ verb: 'patch', resource: 'leases', namespace: 'default' }), 'writing');
  for (let node = 0; node < 300; node++) inFlight.enter(classOf({ verb: 'patch', ...lease }), jane);
});
