// Protobuf, written from its end: the length of what is nested is known when it is written, and nothing is measured twice.

export class ReverseWriter {
  #bytes = Buffer.allocUnsafe(4096);
  /** Where what has been written begins. */
  #at = this.#bytes.length;

  get length(): number {
    return this.#bytes.length - this.#at;
  }

  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  /** A field whose content is what the callback writes. */
  delimited(field: number, write: () => void): void {
    const before = this.length;
    write();
    this.#varint(this.length - before);
    this.#varint(field * 8 + 2);
  }

  text(field: number, value: string): void {
    this.delimited(field, () => {
      const size = Buffer.byteLength(value);
      this.#reserve(size);
      this.#at -= size;
      this.#bytes.write(value, this.#at, size, 'utf8');
    });
  }

  raw(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    bytes.copy(this.#bytes, this.#at);
  }

  flag(field: number, value: boolean): void {
    this.#varint(value ? 1 : 0);
    this.#varint(field * 8);
  }

  double(field: number, value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
    this.#varint(field * 8 + 1);
  }

  #varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    this.#reserve(size);
    this.#at -= size;
    let rest = value;
    for (let index = 0; index < size; index++) {
      this.#bytes[this.#at + index] = (rest % 128) + (index < size - 1 ? 128 : 0);
      rest = Math.floor(rest / 128);
    }
  }

  #reserve(size: number): void {
    if (this.#at >= size) return;
    const used = this.length;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + size));
    this.#bytes.copy(grown, grown.length - used, this.#at);
    this.#bytes = grown;
    this.#at = grown.length - used;
  }
}
