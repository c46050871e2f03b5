// Who waits in line: the highest priority comes first, then who came first. Each key is in it once.

export class PriorityLine {
  /** By priority; a set keeps the order of arrival. */
  readonly #waiting = new Map<number, Set<string>>();
  readonly #priorities = new Map<string, number>();

  get size(): number {
    return this.#priorities.size;
  }

  has(key: string): boolean {
    return this.#priorities.has(key);
  }

  add(key: string, priority: number): void {
    if (this.#priorities.get(key) === priority) return;
    this.delete(key);
    const waiting = this.#waiting.get(priority) ?? new Set<string>();
    this.#waiting.set(priority, waiting.add(key));
    this.#priorities.set(key, priority);
  }

  take(): string | undefined {
    if (this.#waiting.size === 0) return undefined;
    const highest = Math.max(...this.#waiting.keys());
    const key = this.#waiting.get(highest)?.values().next().value;
    if (key !== undefined) this.delete(key);
    return key;
  }

  delete(key: string): boolean {
    const priority = this.#priorities.get(key);
    if (priority === undefined) return false;
    this.#priorities.delete(key);
    const waiting = this.#waiting.get(priority);
    if (waiting?.delete(key) && waiting.size === 0) this.#waiting.delete(priority);
    return true;
  }
}
