import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocatableOf, leftForPods, parseReserve, reserveOf } from './node-reserve.ts';

const gibi = 2 ** 30;

test('what is reserved is read from its text, or refused with what is wrong', () => {
  assert.deepEqual(parseReserve('cpu=200m,memory=512Mi,pid=1000'), { cpu: 200, memory: gibi / 2, pid: 1000 });
  assert.deepEqual(parseReserve(''), {});
  const refusals = {
    'cpus=1': '"cpus" cannot be reserved, only cpu, memory, ephemeral-storage, pid',
    'cpu=much': '"cpu=much" is no amount, as cpu=1 is',
    'memory=-1Gi': '"memory=-1Gi" is no amount, as memory=1 is',
    cpu: '"cpu" is no amount, as cpu=1 is',
  };
  for (const [text, message] of Object.entries(refusals)) assert.throws(() => parseReserve(text), { message });
});

test('pods may have what is not reserved, and the scheduler gives out what need not be left free', () => {
  const capacity = { cpu: 2000, memory: gibi, 'ephemeral-storage': 10 * gibi };
  const reserve = reserveOf(parseReserve('cpu=100m,memory=124Mi'), parseReserve('cpu=50m,ephemeral-storage=1Gi'));
  const forPods = leftForPods(capacity, reserve);
  assert.deepEqual(forPods, { cpu: 1850, memory: 900 * 2 ** 20, 'ephemeral-storage': 9 * gibi });
  assert.deepEqual(allocatableOf(forPods, 10 * gibi), {
    cpu: '1850m',
    memory: `${800 * 1024}Ki`,
    'ephemeral-storage': String(8 * gibi),
  });
  assert.equal(allocatableOf(leftForPods(capacity, {}), 10 * gibi).cpu, '2');
  assert.throws(() => leftForPods(capacity, { memory: gibi }), /leave no memory for pods: this host has 1073741824/);
});
