import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsAnnotation, isCredentialOf, withCredential } from './node-credentials.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const minutesAgo = (minutes: number) => nowMs - minutes * 60_000;
const node = (text?: string) => ({
  metadata: text === undefined ? {} : { annotations: { [credentialsAnnotation]: text } },
});

// Certificates are valid from five minutes before they are made.
for (const [what, of, shown, isGood] of [
  ['the one that is noted', node('aa'), { keyFingerprint: 'aa', validFromMs: minutesAgo(9999) }, true],
  ['the one before', node('bb aa'), { keyFingerprint: 'aa', validFromMs: minutesAgo(9999) }, true],
  ['another one', node('bb'), { keyFingerprint: 'aa', validFromMs: minutesAgo(5) }, false],
  ['any, of a Node of which none is noted', node(), { keyFingerprint: 'aa', validFromMs: minutesAgo(9999) }, true],
  ['a new one, without a Node', undefined, { keyFingerprint: 'aa', validFromMs: minutesAgo(6) }, true],
  ['an old one, without a Node', undefined, { keyFingerprint: 'aa', validFromMs: minutesAgo(8) }, false],
] as const)
  test(`${what} ${isGood ? 'is' : 'is not'} good`, () => {
    assert.equal(isCredentialOf(of, shown, nowMs), isGood);
  });

test('of the keys that were certified the last few are noted', () => {
  assert.equal(withCredential(node(), 'aa'), 'aa');
  assert.equal(withCredential(node('dd cc bb aa'), 'ee'), 'ee dd cc bb');
  assert.equal(withCredential(node('bb aa'), 'aa'), 'aa bb');
});
