// What a controller has done and its cache does not show yet. As long as something is expected under a key, the key's
// owner neither makes nor deletes: so a slow cache never makes twice. What is never seen is given up after a while.
import type { Clock } from '../../base/clock.ts';

interface Expected {
  creations: number;
  deletions: Set<string>;
  cancelExpiry: () => void;
}

const expiryMs = 5 * 60_000;

export class Expectations {
  readonly #clock: Clock;
  readonly #onExpired: (key: string) => void;
  readonly #expected = new Map<string, Expected>();

  constructor(options: { clock: Clock; onExpired: (key: string) => void }) {
    this.#clock = options.clock;
    this.#onExpired = options.onExpired;
  }

  isMet(key: string): boolean {
    return !this.#expected.has(key);
  }

  /** To be called before the deed: its event may come before its answer. */
  expect(key: string, { creations = 0, deletions = [] }: { creations?: number; deletions?: string[] }): void {
    this.forget(key);
    if (creations === 0 && deletions.length === 0) return;
    const cancelExpiry = this.#clock.after(expiryMs, () => {
      this.#expected.delete(key);
      this.#onExpired(key);
    });
    this.#expected.set(key, { creations, deletions: new Set(deletions), cancelExpiry });
  }

  /** An object appeared, or will not appear after all. */
  creationObserved(key: string): void {
    const expected = this.#expected.get(key);
    if (!expected) return;
    expected.creations -= 1;
    this.#forgetWhenMet(key, expected);
  }

  /** An object is on its way out or gone, or will not go after all. */
  deletionObserved(key: string, uid: string): void {
    const expected = this.#expected.get(key);
    if (expected?.deletions.delete(uid)) this.#forgetWhenMet(key, expected);
  }

  forget(key: string): void {
    this.#expected.get(key)?.cancelExpiry();
    this.#expected.delete(key);
  }

  #forgetWhenMet(key: string, { creations, deletions }: Expected): void {
    if (creations <= 0 && deletions.size === 0) this.forget(key);
  }
}
