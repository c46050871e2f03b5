// The agent's picture of its containers: listed once, then kept by Docker's events. While the event stream is broken, or
// the engine hangs, the picture is not current and nothing is planned by it; a slow full list is the safety net.
// Holds: a container that cannot be looked at is "unknown" until it can be, and holds up no other.
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type ObservedContainer, type Runtime, type RuntimeEvent, RuntimeOverdue } from '../runtime.ts';

const relistMs = 300_000;
/** An engine that is never asked would hang unnoticed. */
const pingMs = 90_000;

export interface ContainerWatchOptions {
  runtime: Runtime;
  clock: Clock;
  log: Log;
  onChange(podUid: string): void;
  /** Done whenever all has been listed, before anything is planned by it. */
  onListed?(): Promise<void>;
  /** The picture is what Docker has, for the first time or again: what was put off may be done. */
  onCurrent?(): void;
  /** Told when the picture becomes current, and when it is no longer. */
  onSight?(sight: Sight): void;
  /** Called whenever Docker was asked whether it is there, whatever it answered. */
  onTurn?(): void;
}

/** How well the containers are seen: not at all where the engine is away, or is there and answers nothing. */
export type Sight = 'current' | 'away' | 'hangs';

/** A container as it is now, or as it was before it went. */
export type SeenContainer = Omit<ObservedContainer, 'state'> & { state: ObservedContainer['state'] | 'removed' };

export class ContainerWatch {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: (podUid: string) => void;
  readonly #onListed: () => Promise<void>;
  readonly #onCurrent: () => void;
  readonly #onSight: (sight: Sight) => void;
  readonly #heard = new Set<(container: SeenContainer) => void>();
  readonly #onTurn: () => void;
  readonly #containers = new Map<string, ObservedContainer>();
  readonly #looking = new Map<string, { again: boolean; found: Promise<ObservedContainer | undefined> }>();
  readonly #beingStarted = new Set<string>();
  readonly #beingRemoved = new Set<string>();
  readonly #listed = Promise.withResolvers<void>();
  readonly #failedLooks = new Backoff({ firstMs: 1_000, ceilingMs: 60_000 });
  #sight: Sight | undefined;
  #doubt = Promise.withResolvers<void>();
  #signal = AbortSignal.abort();

  constructor(options: ContainerWatchOptions) {
    this.#runtime = options.runtime;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#onListed = options.onListed ?? (async () => {});
    this.#onCurrent = options.onCurrent ?? (() => {});
    this.#onSight = options.onSight ?? (() => {});
    this.#onTurn = options.onTurn ?? (() => {});
    this.#runtime.onOverdue(() => this.#doubt.resolve());
  }

  /** Whether the picture is what Docker has. */
  get current(): boolean {
    return this.#sight === 'current';
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
    const known = this.get(container.id);
    this.#containers.set(container.id, known ? asSeenFirst(container, known) : container);
    for (const heard of this.#heard) heard(container);
  }

  /** What a step of ours has removed. */
  drop(id: string): void {
    const known = this.get(id);
    this.#containers.delete(id);
    if (known) for (const heard of this.#heard) heard({ ...known, state: 'removed' });
  }

  /** Told of every container that is seen anew, or goes. Answers how to stop that. */
  subscribe(heard: (container: SeenContainer) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
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

  /** Removes a container; that it ends by that is no news then. */
  async removed(id: string, remove: () => Promise<void>): Promise<void> {
    this.#beingRemoved.add(id);
    try {
      await remove();
      this.drop(id);
    } catch (error) {
      void this.#lookUntilSeen(id);
      throw error;
    } finally {
      this.#beingRemoved.delete(id);
    }
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
    this.#signal = signal;
    while (!signal.aborted) {
      this.#onTurn();
      const attempt = new AbortController();
      const end = () => attempt.abort(signal.reason);
      signal.addEventListener('abort', end, { once: true });
      let sight: Sight = 'away';
      try {
        this.#check(attempt);
        const events = await this.#runtime.events(attempt.signal);
        const trusted = await this.#relist();
        await this.#onListed();
        this.#setSight('current');
        // What happened meanwhile was not told, and Docker's list is older than that where its disk was full.
        for (const id of trusted) void this.#lookUntilSeen(id);
        backoff.forget('events');
        for await (const event of events) this.#heed(event);
        throw new Error('the event stream ended');
      } catch (error) {
        const cause: unknown = attempt.signal.reason ?? error;
        if (cause instanceof RuntimeOverdue) sight = 'hangs';
        if (!signal.aborted && this.#sight !== sight)
          this.#log.warn('lost sight of the containers, trying again', { error: cause });
      } finally {
        this.#setSight(sight);
        attempt.abort();
        signal.removeEventListener('abort', end);
      }
      await this.#clock.sleep(backoff.nextMs('events'), signal).catch(() => {});
    }
  }

  #setSight(sight: Sight): void {
    if (sight === this.#sight) return;
    this.#sight = sight;
    this.#onSight(sight);
    if (sight !== 'current') return;
    this.#listed.resolve();
    this.#onCurrent();
  }

  /** Asks now and then, and whenever an answer is overdue, whether the engine answers at all; ends the attempt if not. */
  #check(attempt: AbortController): void {
    const { signal } = attempt;
    const check = async (): Promise<void> => {
      let listedMs = this.#clock.monotonicMs();
      while (!signal.aborted) {
        await this.#pauseOrDoubt(signal);
        await this.#runtime.ping();
        this.#onTurn();
        if (this.#clock.monotonicMs() - listedMs < relistMs) continue;
        await this.#relist();
        listedMs = this.#clock.monotonicMs();
      }
    };
    check().catch((error: unknown) => attempt.abort(error));
  }

  async #pauseOrDoubt(signal: AbortSignal): Promise<void> {
    this.#doubt = Promise.withResolvers();
    const pause = new AbortController();
    const end = AbortSignal.any([signal, pause.signal]);
    await Promise.race([this.#clock.sleep(pingMs, end), this.#doubt.promise]).finally(() => pause.abort());
  }

  /** Answers whom the list calls unchanged. */
  async #relist(): Promise<string[]> {
    const before = new Map(this.#containers);
    const found = await this.#runtime.list((id) => before.get(id));
    const trusted: string[] = [];
    const changed = new Set<string>();
    // What was looked at or made while the list was on its way is newer than the list.
    for (const container of found) {
      const known = before.get(container.id);
      before.delete(container.id);
      if (known === container) trusted.push(container.id);
      if (known === container || this.get(container.id) !== known) continue;
      this.put(container);
      changed.add(container.podUid);
      if (container.state === 'unknown') void this.#lookUntilSeen(container.id);
    }
    for (const [id, gone] of before) {
      if (this.get(id) !== gone) continue;
      this.drop(id);
      changed.add(gone.podUid);
    }
    for (const podUid of changed) this.#onChange(podUid);
    return trusted;
  }

  #heed({ containerId, action }: RuntimeEvent): void {
    const known = this.get(containerId);
    if (action === 'destroy') {
      // A look that is under way may bring an older answer.
      const looking = this.#looking.get(containerId);
      if (looking) looking.again = true;
      this.drop(containerId);
      if (known) this.#onChange(known.podUid);
      return;
    }
    if (this.#beingStarted.has(containerId) && action === 'start') return;
    if (this.#beingRemoved.has(containerId) && action !== 'start') return;
    // Of one that runs on it is told with its end, unless that is being looked at already.
    const isNews =
      action === 'oom'
        ? known?.state !== 'running' || this.#looking.has(containerId)
        : known?.state !== stateBy[action];
    if (!isNews) return;
    void this.#lookUntilSeen(containerId);
  }

  /** One container that cannot be looked at must not blind us to the others: nobody waits for it. */
  async #lookUntilSeen(id: string): Promise<void> {
    try {
      const found = await this.look(id);
      this.#failedLooks.forget(id);
      if (found) this.#onChange(found.podUid);
    } catch (error) {
      const known = this.get(id);
      if (known) this.put({ ...known, state: 'unknown' });
      const retryMs = this.#failedLooks.nextMs(id);
      this.#log.warn('cannot look at a container, trying again', { container: id, seconds: retryMs / 1000, error });
      await this.#clock.sleep(retryMs, this.#signal).catch(() => {});
      // What an attempt of later has seen need not be looked at for this one.
      if (!this.#signal.aborted && this.get(id)?.state === 'unknown') await this.#lookUntilSeen(id);
    }
  }
}

const stateBy = { start: 'running', die: 'exited' } as const;

/** A clock that was set meanwhile does not change when the container began and ended. */
function asSeenFirst(container: ObservedContainer, known: ObservedContainer): ObservedContainer {
  const { startedAt, finishedAt } = container;
  return {
    ...container,
    ...(known.startedAt === startedAt && { startedMs: known.startedMs }),
    ...(known.endedMs !== undefined && known.finishedAt === finishedAt && { endedMs: known.endedMs }),
  };
}
