import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';
import { ShortMemory } from './short-memory.ts';

function memoryAt(now: { ms: number }, mostEntries = 10) {
  const clock = { ...systemClock, monotonicMs: () => now.ms };
  return new ShortMemory<number>({ clock, mostEntries, holdsMs: (answer) => answer });
}

test('an answer is asked for once while it holds, by however many, and anew afterwards', async () => {
  const now = { ms: 0 };
  const memory = memoryAt(now);
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return 100;
  };
  await Promise.all([memory.get('a', ask), memory.get('a', ask)]);
  now.ms = 99;
  await memory.get('a', ask);
  assert.equal(asked, 1);
  now.ms = 100;
  await memory.get('a', ask);
  assert.equal(asked, 2);
});

test('a failure is not kept', async () => {
  const memory = memoryAt({ ms: 0 });
  await assert.rejects(memory.get('a', () => Promise.reject(new Error('away'))));
  assert.equal(await memory.get('a', async () => 7), 7);
});

test('the oldest go when there are too many', async () => {
  const memory = memoryAt({ ms: 0 }, 2);
  for (const key of ['a', 'b', 'c']) await memory.get(key, async () => 100);
  let asked = '';
  for (const key of ['c', 'b', 'a']) {
    await memory.get(key, async () => {
      asked += key;
      return 100;
    });
  }
  assert.equal(asked, 'a');
});
