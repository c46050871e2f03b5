import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOfNumber, parseAddressRange } from './address-range.ts';

const cases: [string, [first: string, last: string] | undefined][] = [
  ['192.0.2.16/28', ['192.0.2.16', '192.0.2.31']],
  ['192.0.2.17/28', ['192.0.2.16', '192.0.2.31']],
  ['192.0.2.7', ['192.0.2.7', '192.0.2.7']],
  ['192.0.2.250-192.0.3.5', ['192.0.2.250', '192.0.3.5']],
  ['192.0.2.20-192.0.2.10', undefined],
  ['192.0.2.1-192.0.2.2-192.0.2.3', undefined],
  ['192.0.2', undefined],
  ['192.0.2.0/33', undefined],
  ['fd00::/64', undefined],
  ['', undefined],
];

for (const [text, expected] of cases) {
  test(`the range "${text}"`, () => {
    const range = parseAddressRange(text);
    assert.deepEqual(range && [addressOfNumber(range.first), addressOfNumber(range.last)], expected);
  });
}
