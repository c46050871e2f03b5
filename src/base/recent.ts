// The most recent of what happened, bounded by number and by size: the oldest goes first.

export class Recent<T> {
  readonly #most: { count: number; bytes: number };
  #items: { item: T; bytes: number }[] = [];
  #bytes = 0;

  constructor(most: { count: number; bytes: number }) {
    this.#most = most;
  }

  /** Answers the last of those that had to go, if any. */
  push(item: T, bytes: number): T | undefined {
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    if (this.#items.length <= this.#most.count && this.#bytes <= this.#most.bytes) return undefined;
    // A quarter goes at once, so that not every push moves them all.
    let gone = 0;
    while (this.#items.length - gone > 0.75 * this.#most.count || this.#bytes > 0.75 * this.#most.bytes) {
      this.#bytes -= this.#items[gone++]?.bytes ?? 0;
    }
    return this.#items.splice(0, gone).at(-1)?.item;
  }

  /** The oldest go while they are such. */
  dropWhile(isSuch: (item: T) => boolean): void {
    const kept = this.#items.findIndex(({ item }) => !isSuch(item));
    const gone = this.#items.splice(0, kept < 0 ? this.#items.length : kept);
    for (const { bytes } of gone) this.#bytes -= bytes;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { item } of this.#items) yield item;
  }

  clear(): void {
    this.#items = [];
    this.#bytes = 0;
  }
}
