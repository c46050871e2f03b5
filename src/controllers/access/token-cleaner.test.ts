import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '../../api/kinds/secret.ts';
import { expiresAtMs } from './token-cleaner.ts';

const token = 'bootstrap.kubernetes.io/token';
const cases: [name: string, type: string, expiration: string | undefined, at: string | undefined][] = [
  ['without a time it is valid for ever', token, undefined, undefined],
  ['with an empty one, too', token, '', undefined],
  ['a time', token, '2026-01-01T12:01:00Z', '2026-01-01T12:01:00Z'],
  ['a time in any zone', token, '2026-01-01T13:00:30+01:00', '2026-01-01T12:00:30Z'],
  ['what is no time is over', token, 'soon', '1970-01-01T00:00:00Z'],
  ['another secret', 'Opaque', '2026-01-01T12:01:00Z', undefined],
];

for (const [name, type, expiration, at] of cases) {
  test(name, () => {
    const data = { ...(expiration !== undefined && { expiration: Buffer.from(expiration).toString('base64') }) };
    const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token' }, type, data };
    assert.equal(expiresAtMs(secret), at === undefined ? undefined : Date.parse(at));
  });
}
