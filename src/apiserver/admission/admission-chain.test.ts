import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { configMaps } from '../../api/kinds/config-map.ts';
import type { Booking } from '../object-storage.ts';
import type { AdmissionStep } from './admission.ts';
import { AdmissionChain } from './admission-chain.ts';
import { admissionOf, admitting } from './admission-for-tests.ts';

const writeIn = (namespace: string) =>
  admissionOf({ kind: configMaps, object: { metadata: { name: 'x', namespace } } });
const booking = {} as Booking;

/** A shared thing of which there are so many. */
function stock(amount: number, namespace: string) {
  let left = amount;
  const step: AdmissionStep = {
    name: 'Stock',
    book: ({ request }) => {
      if (request.namespace !== namespace) return [];
      if (left === 0) throw new Error('nothing is left');
      return [booking];
    },
  };
  return { step, take: () => (left -= 1) };
}

test('who draws on the same waits for the one before, and finds what that has left', async () => {
  const { context } = await admitting();
  const { step, take } = stock(3, 'shared');
  const chain = new AdmissionChain([step], context);
  let writing = 0;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () =>
      chain.write(writeIn('shared'), async () => {
        writing += 1;
        assert.equal(writing, 1, 'one at a time');
        await setImmediate();
        take();
        writing -= 1;
      }),
    ),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
});

test('who books nothing waits for nobody, and a failed write lets the next one go on', async () => {
  const { context } = await admitting();
  const { step } = stock(5, 'shared');
  const chain = new AdmissionChain([step], context);
  const held = Promise.withResolvers<string>();
  const slow = chain.write(writeIn('shared'), () => held.promise);
  assert.equal(await chain.write(writeIn('other'), async (bookings) => bookings.length), 0);
  const next = chain.write(writeIn('shared'), async (bookings) => bookings.length);
  held.reject(new Error('the disk is full'));
  await assert.rejects(slow, /disk is full/);
  assert.equal(await next, 1);
});

test('steps are asked in their order, and one that waits holds up the rest', async () => {
  const { context } = await admitting();
  const order: string[] = [];
  const chain = new AdmissionChain(
    [
      { name: 'slow', admit: () => setImmediate().then(() => void order.push('slow')) },
      { name: 'quick', admit: () => void order.push('quick'), check: () => void order.push('checked') },
    ],
    context,
  );
  await chain.admit(writeIn('any'));
  chain.check(writeIn('any'));
  assert.deepEqual(order, ['slow', 'quick', 'checked']);
});
