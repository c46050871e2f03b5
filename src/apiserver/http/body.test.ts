import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadRequest, RequestEntityTooLarge, UnsupportedMediaType } from '../../api/status.ts';
import { decodeBody } from './body.ts';

const applied = 'application/apply-patch+yaml';
const decoded = async (text: string, mediaType = applied) => (await decodeBody(Buffer.from(text), mediaType)).value;

test('what is called YAML is read as YAML or as JSON', async () => {
  const value = { a: { b: [1, 'x'] } };
  for (const text of ['{"a":{"b":[1,"x"]}}', '{a: {b: [1, x]}}', 'a:\n  b: [1, x]\n', '---\na: {"b": [1, "x"]}']) {
    assert.deepEqual(await decoded(text), value, text);
  }
  assert.equal(await decoded(''), undefined);
});

test('JSON may be larger than YAML', async () => {
  const large = { data: 'x'.repeat(1024 * 1024) };
  assert.deepEqual(await decoded(JSON.stringify(large)), large);
  await assert.rejects(decoded(`data: ${large.data}`), RequestEntityTooLarge);
});

test('what cannot be read is refused, however it is written', async () => {
  const deep = '['.repeat(300) + ']'.repeat(300);
  await assert.rejects(decoded(`{"a":${deep}}`), BadRequest);
  await assert.rejects(decoded(`a: ${deep}`), BadRequest);
  await assert.rejects(decoded('{"a":'), BadRequest);
  await assert.rejects(decoded('a: b: c'), BadRequest);
  await assert.rejects(decoded('{"a":', 'application/merge-patch+json'), BadRequest);
  await assert.rejects(decoded('x', 'text/plain'), UnsupportedMediaType);
});

test('YAML of many keys is read in no time, and of two that are the same the last counts', async () => {
  const keys = Array.from({ length: 16_000 }, (_, index) => `k${index}: v`);
  const begun = process.cpuUsage();
  const read = (await decoded(keys.join('\n'))) as object;
  const { user } = process.cpuUsage(begun);
  assert.ok(user / 1000 < 2_000, `${user / 1000} ms of processor time`);
  assert.equal(Object.keys(read).length, keys.length);
  assert.deepEqual(await decoded('a: 1\na: 2'), { a: 2 });
});
