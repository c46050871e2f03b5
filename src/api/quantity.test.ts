import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliCpu,
  parseQuantity,
  type Quantity,
  roundedToMilli,
  subtractQuantities,
  wholeUnits,
} from './quantity.ts';

const canonical: [text: string | number, expected: string | undefined][] = [
  ['1000m', '1'],
  ['0.5', '500m'],
  [0.5, '500m'],
  [1, '1'],
  ['1024Ki', '1Mi'],
  ['1023Ki', '1023Ki'],
  ['0.5Gi', '512Mi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  ['0.0001Ki', '102400u'],
  ['1024', '1024'],
  ['1000', '1k'],
  ['1001', '1001'],
  ['100000k', '100M'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['1e-3', '1e-3'],
  ['12e4', '120e3'],
  ['1e0', '1'],
  ['1E', '1E'],
  ['1000E', '1000E'],
  ['0', '0'],
  ['-0', '0'],
  ['0Ki', '0'],
  ['-1.5', '-1500m'],
  ['-2048Ki', '-2Mi'],
  ['+3', '3'],
  ['.5', '500m'],
  ['5.', '5'],
  ['0.0000000001', '1n'],
  ['9999999999999999999', '9223372036854775807'],
  ['12345678901234567.891', '12345678901234567891m'],
  ['', undefined],
  ['.', undefined],
  ['Ki', '0'],
  ['1.2.3', undefined],
  ['1KI', undefined],
  ['1ki', undefined],
  ['1 Gi', undefined],
  ['x', undefined],
  ['1e', undefined],
  ['1e5000000', undefined],
  ['1.0.', undefined],
];

for (const [text, expected] of canonical) {
  test(`${JSON.stringify(text)} is written ${expected}`, () => assert.equal(canonicalQuantity(text), expected));
}

const parsed = (text: string): Quantity => parseQuantity(text) ?? assert.fail(text);

test('what is canonical stays as it is', () => {
  const suffix = fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-6');
  const text = fc.tuple(fc.bigInt(-(10n ** 15n), 10n ** 15n), suffix).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (any) => {
      const once = canonicalQuantity(any) ?? '';
      assert.equal(canonicalQuantity(once), once);
      assert.equal(parsed(once).nano, parsed(any).nano);
    }),
  );
});

test('sums, differences and comparisons are exact', () => {
  assert.equal(formatQuantity(addQuantities(parsed('0.1'), parsed('0.2'))), '300m');
  assert.equal(formatQuantity(addQuantities(parsed('0'), parsed('1Gi'))), '1Gi');
  assert.equal(formatQuantity(addQuantities(parsed('1Gi'), parsed('1'))), '1073741825');
  assert.equal(formatQuantity(subtractQuantities(parsed('1Gi'), parsed('512Mi'))), '512Mi');
  assert.equal(compareQuantities(parsed('1'), parsed('1000m')), 0);
  assert.ok(compareQuantities(parsed('1G'), parsed('1Gi')) < 0);
  assert.ok(compareQuantities(parsed('2'), parsed('1999m')) > 0);
});

test('amounts are rounded up', () => {
  assert.equal(milliCpu('100u'), 1);
  assert.equal(milliCpu('1.5'), 1500);
  assert.equal(wholeUnits('1500m'), 2);
  assert.equal(wholeUnits('64Mi'), 64 * 2 ** 20);
  assert.equal(wholeUnits(undefined), 0);
  assert.equal(roundedToMilli('100u'), '1m');
  assert.equal(roundedToMilli('1.0005'), '1001m');
  assert.equal(roundedToMilli('nothing'), 'nothing');
});
