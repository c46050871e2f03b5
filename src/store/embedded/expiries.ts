// When keys with a time to live vanish, by the second: thousands of events of one second are one entry here, and one
// timer for the nearest second serves them all.

export class Expiries {
  readonly #keysBySecond = new Map<number, Set<string>>();
  readonly #secondOf = new Map<string, number>();

  get size(): number {
    return this.#secondOf.size;
  }

  /** Null for a key that stays. */
  set(key: string, atMs: number | null): void {
    const second = atMs === null ? undefined : Math.ceil(atMs / 1000);
    const known = this.#secondOf.get(key);
    if (known === second) return;
    if (known !== undefined) this.#remove(key, known);
    if (second === undefined) return;
    this.#secondOf.set(key, second);
    const keys = this.#keysBySecond.get(second);
    if (keys) keys.add(key);
    else this.#keysBySecond.set(second, new Set([key]));
  }

  /** When the next key vanishes. */
  nextMs(): number | undefined {
    let next = Infinity;
    for (const second of this.#keysBySecond.keys()) if (second < next) next = second;
    return next === Infinity ? undefined : next * 1000;
  }

  /** Some keys whose time is over, the oldest first. */
  over(nowMs: number, most: number): string[] {
    const seconds = [...this.#keysBySecond.keys()].filter((second) => second * 1000 <= nowMs).sort((a, b) => a - b);
    const keys: string[] = [];
    for (const second of seconds) {
      for (const key of this.#keysBySecond.get(second) ?? []) {
        if (keys.length === most) return keys;
        keys.push(key);
      }
    }
    return keys;
  }

  #remove(key: string, second: number): void {
    this.#secondOf.delete(key);
    const keys = this.#keysBySecond.get(second);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysBySecond.delete(second);
  }
}
