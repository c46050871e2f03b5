import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfEngineDisk, type Signal } from './signals.ts';

const oneDisk = { nodeFolder: '/proc', imageFolder: async () => '/proc/self' };
const twoDisks = { nodeFolder: '/proc', imageFolder: async () => '/' };
const cases: [Signal, typeof oneDisk, boolean][] = [
  ['nodefs.available', oneDisk, true],
  ['nodefs.inodesFree', twoDisks, false],
  ['imagefs.available', oneDisk, true],
  ['imagefs.inodesFree', twoDisks, true],
  ['memory.available', oneDisk, false],
  ['pid.available', oneDisk, false],
];
for (const [signal, places, expected] of cases)
  test(`${signal} ${expected ? 'is' : 'is not'} about the engine's disk on ${places === oneDisk ? 'one' : 'two'}`, async () => {
    assert.equal(await isOfEngineDisk(signal, places), expected);
  });
