import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from './gate.ts';

const { signal: never } = new AbortController();
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('so many are in at once, and the others follow in their order', async () => {
  const gate = new Gate(2);
  const inside: string[] = [];
  const leave = new Map<string, () => void>();
  const enter = async (name: string, signal = never) => {
    leave.set(name, await gate.enter(signal));
    inside.push(name);
  };
  const impatient = new AbortController();
  const entering = ['a', 'b', 'c'].map((name) => enter(name));
  const gone = assert.rejects(enter('gone', impatient.signal), /enough/);
  entering.push(enter('d'));
  await turn();
  assert.deepEqual(inside, ['a', 'b']);
  impatient.abort(new Error('enough'));
  await gone;
  leave.get('b')?.();
  await turn();
  assert.deepEqual(inside, ['a', 'b', 'c']);
  leave.get('a')?.();
  leave.get('c')?.();
  await Promise.all(entering);
  assert.deepEqual(inside, ['a', 'b', 'c', 'd']);
  leave.get('d')?.();
  await Promise.all([enter('e'), enter('f')]);
  assert.equal(inside.length, 6);
});
