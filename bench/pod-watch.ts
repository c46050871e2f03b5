// The pods of one namespace as a client sees them: when each event arrived, and waiting for what is to come.
import { type Pod, pods } from '../src/api/kinds/pod.ts';
import type { Client } from '../src/client/client.ts';

export interface SeenPod {
  /** As last seen; undefined where it is gone. */
  pod: Pod | undefined;
  atMs: number;
}

type Waiting = { isMet(seen: ReadonlyMap<string, SeenPod>): boolean; resolve(atMs: number): void };

const patienceMs = 60_000;

export class PodWatch {
  readonly #seen = new Map<string, SeenPod>();
  readonly #abort = new AbortController();
  #waiting: Waiting[] = [];
  #broken: Promise<never>;

  constructor(client: Client, namespace: string) {
    const { signal } = this.#abort;
    this.#broken = this.#follow(client.watch(pods, { namespace, resourceVersion: '0' }, signal));
    this.#broken.catch(() => {}); // told to those who wait
  }

  /** When the event arrived that made it true. Begin to wait before you cause it. */
  async until(what: string, isMet: Waiting['isMet']): Promise<number> {
    const met = Promise.withResolvers<number>();
    this.#waiting.push({ isMet, resolve: met.resolve });
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${what}: not within ${patienceMs} ms`)), patienceMs);
    try {
      return await Promise.race([met.promise, late.promise, this.#broken]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same of one pod. */
  async untilPod(name: string, what: string, isMet: (pod: Pod | undefined) => boolean): Promise<number> {
    return this.until(`${name} ${what}`, (seen) => seen.has(name) && isMet(seen.get(name)?.pod));
  }

  close(): void {
    this.#abort.abort();
  }

  async #follow(events: ReturnType<typeof Client.prototype.watch<Pod>>): Promise<never> {
    for await (const { type, object } of events) {
      if (type === 'BOOKMARK') continue;
      const atMs = performance.now();
      this.#seen.set(object.metadata.name, { pod: type === 'DELETED' ? undefined : object, atMs });
      this.#waiting = this.#waiting.filter(({ isMet, resolve }) => {
        if (!isMet(this.#seen)) return true;
        resolve(atMs);
        return false;
      });
    }
    throw new Error('the watch of the pods ended');
  }
}
