// What arrives by events, read in a loop: nothing is lost between the turns, and the end or a failure comes after what
// arrived before it.

export class AsyncQueue<T> implements AsyncIterable<T> {
  #arrived: T[] = [];
  #end: { error?: unknown } | undefined;
  #wake = () => {};

  push(item: T): void {
    this.#arrived.push(item);
    this.#wake();
  }

  end(): void {
    this.#finish({});
  }

  fail(error: unknown): void {
    this.#finish({ error });
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const items = this.#arrived;
      this.#arrived = [];
      yield* items;
      if (this.#arrived.length > 0) continue;
      if (this.#end) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #finish(end: { error?: unknown }): void {
    this.#end ??= end;
    this.#wake();
  }
}
