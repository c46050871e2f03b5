// What services want to have under a name or key: where several want the same, the first of them by name gets it. Knows what has
// changed since it was asked last. Holds: asked for the same again, nothing has changed.

export interface Change {
  key: string;
  /** What was there when it was asked last, and is now; undefined where nothing. */
  before: string | undefined;
  now: string | undefined;
}

export class Claims {
  /** By key: services and what each wants there. Mostly it is one. */
  readonly #wanted = new Map<string, Map<string, string>>();
  readonly #before = new Map<string, string | undefined>();

  set(service: string, key: string, value: string): void {
    this.#note(key);
    const wanted = this.#wanted.get(key) ?? new Map<string, string>();
    this.#wanted.set(key, wanted.set(service, value));
  }

  delete(service: string, key: string): void {
    this.#note(key);
    const wanted = this.#wanted.get(key);
    wanted?.delete(service);
    if (wanted?.size === 0) this.#wanted.delete(key);
  }

  takeChanges(): Change[] {
    const changes = [...this.#before].map(([key, before]) => ({ key, before, now: this.get(key) }));
    this.#before.clear();
    return changes.filter(({ before, now }) => before !== now);
  }

  get(key: string): string | undefined {
    let first: string | undefined;
    let value: string | undefined;
    for (const [service, wanted] of this.#wanted.get(key) ?? []) {
      if (first !== undefined && first < service) continue;
      [first, value] = [service, wanted];
    }
    return value;
  }

  keys(): Iterable<string> {
    return this.#wanted.keys();
  }

  #note(key: string): void {
    if (!this.#before.has(key)) this.#before.set(key, this.get(key));
  }
}
