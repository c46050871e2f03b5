// Who watches, and the changes of late, for watchers that begin a little in the past. It knows of durable changes only.
import { Recent } from '../../base/recent.ts';
import { Compacted, type StoreEvent } from '../store.ts';

const most = { count: 2048, bytes: 8 * 1024 * 1024 };

interface Watcher {
  prefix: string;
  deliver(events: StoreEvent[]): void;
}

export class WatchWindow {
  readonly #events = new Recent<StoreEvent>(most);
  readonly #watchers = new Set<Watcher>();
  #oldest: number;

  constructor(revision: number) {
    this.#oldest = revision;
  }

  /** Watches may begin at this revision or later. */
  get oldest(): number {
    return this.#oldest;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  publish(events: StoreEvent[]): void {
    for (const event of events) {
      const forgotten = this.#events.push(event, event.value?.length ?? 0);
      if (forgotten) this.#oldest = forgotten.revision;
    }
    for (const { prefix, deliver } of this.#watchers) {
      const wanted = events.filter(({ key }) => key.startsWith(prefix));
      if (wanted.length > 0) deliver(wanted);
    }
  }

  watch(prefix: string, after: number, deliver: (events: StoreEvent[]) => void, signal: AbortSignal): void {
    if (after < this.#oldest) throw new Compacted(after, this.#oldest);
    if (signal.aborted) return;
    const missed = [...this.#events].filter(({ key, revision }) => revision > after && key.startsWith(prefix));
    if (missed.length > 0) deliver(missed);
    const watcher = { prefix, deliver };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
  }

  forget(revision: number): void {
    if (revision <= this.#oldest) return;
    this.#events.dropWhile((event) => event.revision <= revision);
    this.#oldest = revision;
  }

  close(): void {
    this.#watchers.clear();
  }
}
