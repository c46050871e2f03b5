import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validForMs } from './token-cleaner.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const cases: [name: string, expiration: string | undefined, leftMs: number | undefined][] = [
  ['without a time it is valid for ever', undefined, undefined],
  ['with an empty one, too', '', undefined],
  ['a minute is left', '2026-01-01T12:01:00Z', 60_000],
  ['times are in any zone', '2026-01-01T13:00:30+01:00', 30_000],
  ['it is over', '2026-01-01T11:59:59Z', 0],
  ['what is no time is over', 'soon', 0],
];

for (const [name, expiration, leftMs] of cases) {
  test(name, () => {
    const data = { ...(expiration !== undefined && { expiration: Buffer.from(expiration).toString('base64') }) };
    assert.equal(validForMs({ data }, now), leftMs);
  });
}
