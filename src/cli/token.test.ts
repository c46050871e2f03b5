import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '../api/kinds/secret.ts';
import { UsageError } from './options.ts';
import { tokenIdOf, tokenTable } from './token.ts';

const secret = (content: Record<string, string>) =>
  ({
    metadata: { name: 'x' },
    data: Object.fromEntries(
      Object.entries(content).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  }) as unknown as Secret;

test('the table tells when a token ends, and never its secret', () => {
  const tokens = [
    secret({ 'token-id': 'abcdef', 'token-secret': 'hidden', expiration: '2026-11-22T00:00:00Z', description: 'one' }),
    secret({ 'token-id': 'ghijkl', expiration: '2026-11-20T00:00:00Z' }),
    secret({ 'token-id': 'mnopqr', description: 'for ever' }),
  ];
  assert.equal(
    tokenTable(tokens, Date.parse('2026-11-21T00:00:00Z')),
    [
      'ID      EXPIRES                      DESCRIPTION',
      'abcdef  2026-11-22T00:00:00Z         one',
      'ghijkl  2026-11-20T00:00:00Z (over)  ',
      'mnopqr  never                        for ever',
    ].join('\n'),
  );
});

test('a token is known by its ID, also when it is given whole', () => {
  assert.equal(tokenIdOf('abc123'), 'abc123');
  assert.equal(tokenIdOf(`abc123.0123456789abcdef.${'0'.repeat(64)}`), 'abc123');
  for (const text of ['', 'ABC123', 'abc12', '../../x']) assert.throws(() => tokenIdOf(text), UsageError);
});
