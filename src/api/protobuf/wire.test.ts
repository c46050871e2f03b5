import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MalformedProtobuf, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

const written = (write: (writer: WireWriter) => void): Buffer => {
  const writer = new WireWriter();
  write(writer);
  return writer.bytes;
};

const first = (bytes: Buffer): WireReader => {
  const reader = new WireReader(bytes);
  assert.ok(reader.next());
  return reader;
};

test('integers look as protobuf says', () => {
  const cases: [number, string][] = [
    [0, '0800'],
    [1, '0801'],
    [127, '087f'],
    [128, '088001'],
    [300, '08ac02'],
    [2 ** 31 - 1, '08ffffffff07'],
    [2 ** 31, '088080808008'],
    [-1, '08ffffffffffffffffff01'],
    [-(2 ** 63), '0880808080808080808001'],
  ];
  for (const [value, hex] of cases) {
    assert.equal(written((writer) => writer.integer(1, value)).toString('hex'), hex);
    assert.equal(first(Buffer.from(hex, 'hex')).integer('it'), value);
  }
});

test('what is written is read again', () => {
  const values = fc.record({
    integer: fc.maxSafeInteger(),
    double: fc.double({ noNaN: true }),
    text: fc.string({ unit: 'grapheme', maxLength: 3000 }),
    number: fc.integer({ min: 1, max: 2 ** 29 - 1 }),
  });
  fc.assert(
    fc.property(values, ({ integer, double, text, number }) => {
      const bytes = written((writer) => {
        const before = writer.length;
        writer.text(3, text);
        writer.double(2, double);
        writer.integer(1, integer);
        writer.message(number, before);
      });
      const outer = first(bytes);
      assert.equal(outer.number, number);
      const inner = outer.message('it');
      assert.ok(inner.next() && Object.is(inner.integer('it'), integer === 0 ? 0 : integer));
      assert.ok(inner.next() && Object.is(inner.double('it'), double));
      assert.ok(inner.next());
      assert.equal(inner.text('it'), text);
      assert.ok(!inner.next() && !outer.next());
    }),
  );
});

test('bytes that are cut short or make no sense are refused', () => {
  const cases: [string, RegExp][] = [
    ['08', /unexpected EOF/],
    ['0880', /unexpected EOF/],
    ['08ffffffffffffffffffffff', /integer overflow/],
    ['0a05616263', /unexpected EOF/],
    ['0affffffffffffffffff01', /negative length/],
    ['0affffffffffffffff7f', /unexpected EOF/],
    ['00', /illegal tag/],
    ['0b', /illegal wireType 3/],
    ['0f', /illegal wireType 7/],
    ['0901', /unexpected EOF/],
    ['0d01', /unexpected EOF/],
    ['ffffffffffffffffff01', /illegal tag/],
  ];
  for (const [hex, message] of cases) {
    const read = () => {
      const reader = new WireReader(Buffer.from(hex, 'hex'));
      while (reader.next()) reader.skip();
    };
    assert.throws(read, (error) => error instanceof MalformedProtobuf && message.test(error.message), hex);
  }
  assert.throws(() => first(Buffer.from('0801', 'hex')).text('Name'), /wrong wireType = 0 for field Name/);
});
