// When keys with a time to live vanish. By the second: thousands of events of one second are one entry here, and one timer, for
// the second that comes next, serves them all. A store in which nothing vanishes has no timer.

export interface ExpiriesOptions {
  nowMs(): number;
  /** Runs the function once after the time; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
  remove(key: string): Promise<unknown>;
}

/** How many are removed in one go. */
const most = 512;
/** What could not be removed is tried again after this time. */
const retryMs = 5_000;

export class Expiries {
  readonly #options: ExpiriesOptions;
  readonly #keysBySecond = new Map<number, Set<string>>();
  readonly #secondOf = new Map<string, number>();
  #timer: { atMs: number; cancel(): void } | undefined;
  #isStopped = false;

  constructor(options: ExpiriesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#secondOf.size;
  }

  /** Null for a key that stays, or is no more. */
  set(key: string, atMs: number | null): void {
    const second = atMs === null ? undefined : Math.ceil(atMs / 1000);
    const known = this.#secondOf.get(key);
    if (known === second) return;
    if (known !== undefined) this.#forget(key, known);
    if (second === undefined) return;
    this.#secondOf.set(key, second);
    const keys = this.#keysBySecond.get(second);
    if (keys) keys.add(key);
    else this.#keysBySecond.set(second, new Set([key]));
    this.#wake(second * 1000);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #wake(atMs: number): void {
    if (this.#isStopped || (this.#timer && this.#timer.atMs <= atMs)) return;
    this.#timer?.cancel();
    const cancel = this.#options.after(Math.max(0, atMs - this.#options.nowMs()), () => void this.#removeSome());
    this.#timer = { atMs, cancel };
  }

  async #removeSome(): Promise<void> {
    let isRefused = false;
    const refused = () => {
      isRefused = true;
    };
    await Promise.all(this.#over().map((key) => this.#options.remove(key).catch(refused)));
    this.#timer = undefined;
    const next = [...this.#keysBySecond.keys()].reduce((one, other) => Math.min(one, other), Infinity);
    if (next < Infinity) this.#wake(isRefused ? this.#options.nowMs() + retryMs : next * 1000);
  }

  /** Keys whose time is over, the oldest first. */
  #over(): string[] {
    const nowMs = this.#options.nowMs();
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

  #forget(key: string, second: number): void {
    this.#secondOf.delete(key);
    const keys = this.#keysBySecond.get(second);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysBySecond.delete(second);
  }
}
