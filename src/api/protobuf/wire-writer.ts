// Protobuf's wire format, written. From the end to the beginning, as a message's length stands before it and is known only
// after it: whoever uses this writes the last thing first.

/** How the value after a tag is laid out. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const sizeAtFirst = 512;

export class WireWriter {
  #buffer = Buffer.allocUnsafe(sizeAtFirst);
  #start = this.#buffer.length;

  /** How many bytes are written. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** A copy that holds no other memory than its own. */
  get bytes(): Buffer {
    return Buffer.copyBytesFrom(this.#buffer, this.#start);
  }

  /** Ends, which is to say begins, the message whose content was written since the length was this. */
  message(number: number, lengthBefore: number): void {
    this.#varint(this.length - lengthBefore);
    this.#tag(number, wire.bytes);
  }

  rawBytes(number: number, bytes: Uint8Array): void {
    const lengthBefore = this.length;
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#start);
    this.message(number, lengthBefore);
  }

  text(number: number, text: string): void {
    const lengthBefore = this.length;
    this.#reserve(Buffer.byteLength(text));
    this.#buffer.write(text, this.#start);
    this.message(number, lengthBefore);
  }

  /** A whole number, or 0 and 1 for a boolean. */
  integer(number: number, value: number): void {
    this.#varint(value);
    this.#tag(number, wire.varint);
  }

  double(number: number, value: number): void {
    this.#reserve(8);
    this.#buffer.writeDoubleLE(value, this.#start);
    this.#tag(number, wire.fixed64);
  }

  #tag(number: number, wireType: number): void {
    this.#varint(number * 8 + wireType);
  }

  #varint(value: number): void {
    if (value < 0 || value > 0x7fffffff) this.#longVarint(BigInt.asUintN(64, BigInt(value)));
    else this.#shortVarint(value);
  }

  #shortVarint(value: number): void {
    const size = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
    this.#reserve(size);
    let at = this.#start;
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#buffer[at++] = (rest & 0x7f) | 0x80;
    this.#buffer[at] = rest;
  }

  #longVarint(value: bigint): void {
    const groups: number[] = [];
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80);
    groups.push(Number(rest));
    this.#reserve(groups.length);
    this.#buffer.set(groups, this.#start);
  }

  /** Makes room before what is written. */
  #reserve(size: number): void {
    if (size > this.#start) {
      const larger = Buffer.allocUnsafe(2 * this.#buffer.length + size);
      const start = larger.length - this.length;
      this.#buffer.copy(larger, start, this.#start);
      this.#buffer = larger;
      this.#start = start;
    }
    this.#start -= size;
  }
}

/** What stands before a message of this length. */
export function messageHead(number: number, length: number): Buffer {
  const size = (value: number): number => (value < 0x80 ? 1 : 1 + size(Math.floor(value / 0x80)));
  const head = Buffer.allocUnsafe(size(number * 8) + size(length));
  let at = 0;
  for (let value of [number * 8 + wire.bytes, length]) {
    for (; value >= 0x80; value = Math.floor(value / 0x80)) head[at++] = (value % 0x80) | 0x80;
    head[at++] = value;
  }
  return head;
}
