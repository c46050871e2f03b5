// The agent's picture of its containers: listed once, then kept by Docker's events. While the event stream is broken the
// picture is not current and nothing is planned by it; a slow full list is the safety net.
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { ObservedContainer, Runtime, RuntimeEvent } from '../runtime.ts';

const relistMs = 300_000;

export interface ContainerWatchOptions {
  runtime: Runtime;
  clock: Clock;
  log: Log;
  onChange(podUid: string): void;
  /** Told when the picture becomes current, and when it is no longer. */
  onSight?(isCurrent: boolean): void;
}

export class ContainerWatch {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: (podUid: string) => void;
  readonly #onSight: (isCurrent: boolean) => void;
  readonly #containers = new Map<string, ObservedContainer>();
  readonly #looking = new Map<string, { again: boolean; found: Promise<ObservedContainer | undefined> }>();
  readonly #beingStarted = new Set<string>();
  readonly #listed = Promise.withResolvers<void>();
  #current = false;

  constructor(options: ContainerWatchOptions) {
    this.#runtime = options.runtime;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#onSight = options.onSight ?? (() => {});
  }

  /** Whether the picture is what Docker has. */
  get current(): boolean {
    return this.#current;
  }

  /** Resolves when the picture is complete for the first time. */
  get listed(): Promise<void> {
    return this.#listed.promise;
  }

  of(podUid: string): ObservedContainer[] {
    return [...this.#containers.values()].filter((container) => container.podUid === podUid);
  }

  podUids(): Set<string> {
    return new Set([...this.#containers.values()].map(({ podUid }) => podUid));
  }

  get(id: string): ObservedContainer | undefined {
    return this.#containers.get(id);
  }

  /** What a step of ours has made. */
  put(container: ObservedContainer): void {
    this.#containers.set(container.id, container);
  }

  /** What a step of ours has removed. */
  drop(id: string): void {
    this.#containers.delete(id);
  }

  /** Starts a container and looks at what became of it; its own start event is no news then. */
  async started(id: string, start: () => Promise<void>): Promise<ObservedContainer | undefined> {
    this.#beingStarted.add(id);
    try {
      await start();
    } finally {
      await this.look(id).finally(() => this.#beingStarted.delete(id));
    }
    return this.get(id);
  }

  /** Looks at one container; two looks at the same one never overtake each other. */
  look(id: string): Promise<ObservedContainer | undefined> {
    const looking = this.#looking.get(id);
    if (looking) {
      looking.again = true;
      return looking.found;
    }
    const look = { again: true, found: Promise.resolve<ObservedContainer | undefined>(undefined) };
    look.found = (async () => {
      let found: ObservedContainer | undefined;
      while (look.again) {
        look.again = false;
        found = await this.#runtime.inspect(id);
      }
      if (found) this.put(found);
      else this.drop(id);
      return found;
    })().finally(() => this.#looking.delete(id));
    this.#looking.set(id, look);
    return look.found;
  }

  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ firstMs: 100, ceilingMs: 5_000 });
    while (!signal.aborted) {
      const attempt = new AbortController();
      const end = () => attempt.abort();
      signal.addEventListener('abort', end, { once: true });
      try {
        const events = await this.#runtime.events(attempt.signal);
        await this.#relist();
        this.#setCurrent(true);
        backoff.forget('events');
        this.#relistSlowly(attempt.signal);
        for await (const event of events) await this.#heed(event);
        throw new Error('the event stream ended');
      } catch (error) {
        if (!signal.aborted) this.#log.warn('lost sight of the containers, trying again', { error });
      } finally {
        this.#setCurrent(false);
        attempt.abort();
        signal.removeEventListener('abort', end);
      }
      await this.#clock.sleep(backoff.nextMs('events'), signal).catch(() => {});
    }
  }

  #setCurrent(isCurrent: boolean): void {
    if (isCurrent !== this.#current) this.#onSight(isCurrent);
    this.#current = isCurrent;
    if (!isCurrent) return;
    this.#listed.resolve();
    for (const podUid of this.podUids()) this.#onChange(podUid);
  }

  #relistSlowly(signal: AbortSignal): void {
    const relist = async (): Promise<void> => {
      while (!signal.aborted) {
        await this.#clock.sleep(relistMs, signal);
        await this.#relist();
      }
    };
    relist().catch((error: unknown) => {
      if (!signal.aborted) this.#log.warn('the slow list of containers failed', { error });
    });
  }

  async #relist(): Promise<void> {
    const before = new Map(this.#containers);
    const found = await this.#runtime.list((id) => before.get(id));
    const changed = new Set<string>();
    // What was looked at or made while the list was on its way is newer than the list.
    for (const container of found) {
      const known = before.get(container.id);
      before.delete(container.id);
      if (known === container || this.get(container.id) !== known) continue;
      this.put(container);
      changed.add(container.podUid);
    }
    for (const [id, gone] of before) {
      if (this.get(id) !== gone) continue;
      this.drop(id);
      changed.add(gone.podUid);
    }
    for (const podUid of changed) this.#onChange(podUid);
  }

  async #heed({ containerId, action }: RuntimeEvent): Promise<void> {
    const known = this.get(containerId);
    if (action === 'destroy') {
      this.drop(containerId);
      if (known) this.#onChange(known.podUid);
      return;
    }
    if (this.#beingStarted.has(containerId) && action === 'start') return;
    if (known?.state === (action === 'die' ? 'exited' : 'running')) return;
    try {
      const found = await this.look(containerId);
      if (found) this.#onChange(found.podUid);
    } catch (error) {
      // One container that cannot be looked at must not blind us to the others; the slow list tries it again.
      this.#log.warn('cannot look at a container', { container: containerId, error });
    }
  }
}
