import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '../api/kinds/secret.ts';
import { UsageError } from './options.ts';
import { tokenIdOf, tokenTable, usagesParser } from './token.ts';

const secret = (content: Record<string, string>) =>
  ({
    metadata: { name: 'x' },
    data: Object.fromEntries(
      Object.entries(content).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  }) as unknown as Secret;

test('the table tells when a token ends, and never its secret', () => {
  const tokens = [
    secret({
      ...{ 'token-id': 'abcdef', 'token-secret': 'hidden', expiration: '2026-11-22T00:00:00Z', description: 'one' },
      ...{ 'usage-bootstrap-signing': 'true', 'usage-bootstrap-authentication': 'true' },
    }),
    secret({ 'token-id': 'ghijkl', expiration: '2026-11-20T00:00:00Z', 'usage-bootstrap-signing': 'true' }),
    secret({ 'token-id': 'mnopqr', description: 'for ever' }),
  ];
  assert.equal(
    tokenTable(tokens, Date.parse('2026-11-21T00:00:00Z')),
    [
      'ID      EXPIRES                      USAGES                  DESCRIPTION',
      'abcdef  2026-11-22T00:00:00Z         authentication,signing  one',
      'ghijkl  2026-11-20T00:00:00Z (over)  signing                 ',
      'mnopqr  never                        <none>                  for ever',
    ].join('\n'),
  );
});

test('a token is known by its ID, also when it is given whole', () => {
  assert.equal(tokenIdOf('abc123'), 'abc123');
  assert.equal(tokenIdOf(`abc123.0123456789abcdef.${'0'.repeat(64)}`), 'abc123');
  for (const text of ['', 'ABC123', 'abc12', '../../x']) assert.throws(() => tokenIdOf(text), UsageError);
});

test('usages are named one by one or together, and none that there is not', () => {
  const parse = usagesParser();
  assert.deepEqual(parse('authentication,signing', parse('signing', [])), ['signing', 'authentication', 'signing']);
  for (const text of ['sign', 'signing,client', 'SIGNING', '', ','])
    assert.throws(() => usagesParser()(text, []), /usage|one at least/);
});
