// Answers of others, kept as long as they say. Holds: never more than so many bytes; the oldest go first.

interface Kept<T> {
  value: T;
  bytes: number;
  sinceMs: number;
  untilMs: number;
}

/** What an entry takes besides its bytes, about. */
const entryBytes = 400;

export class AnswerCache<T> {
  readonly #kept = new Map<string, Kept<T>>();
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: string, nowMs: number): { value: T; ageSeconds: number } | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    if (nowMs < kept.untilMs) return { value: kept.value, ageSeconds: Math.floor((nowMs - kept.sinceMs) / 1000) };
    this.#drop(key, kept);
    return undefined;
  }

  put(
    key: string,
    value: T,
    { bytes, keepSeconds, nowMs }: { bytes: number; keepSeconds: number; nowMs: number },
  ): void {
    if (keepSeconds <= 0) return;
    const former = this.#kept.get(key);
    if (former) this.#drop(key, former);
    const kept = { value, bytes: bytes + entryBytes, sinceMs: nowMs, untilMs: nowMs + keepSeconds * 1000 };
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
    for (const [oldest, entry] of this.#kept) {
      if (this.#bytes <= this.#mostBytes) break;
      this.#drop(oldest, entry);
    }
  }

  #drop(key: string, kept: Kept<T>): void {
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
