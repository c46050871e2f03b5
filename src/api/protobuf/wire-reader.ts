// Protobuf's wire format, read. Whatever the bytes are, reading them ends: with values, or with MalformedProtobuf.
import { wire } from './wire-writer.ts';

/** The bytes are no protobuf, or not of the message they should be. */
export class MalformedProtobuf extends Error {}

export class WireReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  /** Of the field whose tag was read last. */
  number = 0;
  wireType = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Goes on to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    if (tag < 8 || tag > 0xffffffff) throw new MalformedProtobuf(`proto: illegal tag ${tag}`);
    this.number = Math.floor(tag / 8);
    this.wireType = tag % 8;
    return true;
  }

  skip(): void {
    switch (this.wireType) {
      case wire.varint:
        this.#varint();
        break;
      case wire.fixed64:
        this.#take(8);
        break;
      case wire.bytes:
        this.#take(this.#length());
        break;
      case wire.fixed32:
        this.#take(4);
        break;
      default:
        throw new MalformedProtobuf(`proto: illegal wireType ${this.wireType}`);
    }
  }

  /** A signed whole number of 64 bits; of those beyond 2^53 the nearest that there is. */
  integer(name: string): number {
    this.#expect(wire.varint, name);
    return this.#varint();
  }

  double(name: string): number {
    this.#expect(wire.fixed64, name);
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  rawBytes(name: string): Buffer {
    this.#expect(wire.bytes, name);
    const length = this.#length();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(name: string): string {
    this.#expect(wire.bytes, name);
    const length = this.#length();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  message(name: string): WireReader {
    this.#expect(wire.bytes, name);
    const length = this.#length();
    const start = this.#take(length);
    return new WireReader(this.#bytes, start, start + length);
  }

  /** Numbers of a list that were written one after the other, without tags between them. */
  *packed(wireType: number, name: string): Generator<WireReader> {
    const values = this.message(name);
    values.wireType = wireType;
    while (values.#at < values.#end) yield values;
  }

  #expect(wireType: number, name: string): void {
    if (this.wireType !== wireType)
      throw new MalformedProtobuf(`proto: wrong wireType = ${this.wireType} for field ${name}`);
  }

  #length(): number {
    const length = this.#varint();
    if (length < 0) throw new MalformedProtobuf('proto: negative length found during unmarshaling');
    return length;
  }

  /** Where the next bytes begin, after going past them. */
  #take(size: number): number {
    const start = this.#at;
    if (size > this.#end - start) throw new MalformedProtobuf('unexpected EOF');
    this.#at = start + size;
    return start;
  }

  #varint(): number {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low;
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new MalformedProtobuf('proto: integer overflow');
  }

  #byte(): number {
    const byte = this.#bytes[this.#take(1)];
    if (byte === undefined) throw new MalformedProtobuf('unexpected EOF');
    return byte;
  }
}
