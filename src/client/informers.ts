// The informers of one process: one per kind, shared by all who ask, started together.
import type { Kind } from '../api/kinds/kind.ts';
import { resourceOf } from '../api/kinds/kind.ts';
import type { KubeObject } from '../api/meta.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { runBeside } from '../base/component.ts';
import type { Log } from '../base/log.ts';
import type { Client, ListOptions } from './client.ts';
import { Informer } from './informer.ts';

export class Informers {
  readonly #client: Client;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #informers = new Map<string, Informer<KubeObject>>();

  constructor(client: Client, log: Log, clock: Clock = systemClock) {
    this.#client = client;
    this.#log = log;
    this.#clock = clock;
  }

  /** The selection narrows what is copied; it is part of an informer's identity. */
  for<T extends KubeObject>(kind: Kind<T>, select: ListOptions = {}): Informer<T> {
    const identity = `${resourceOf(kind)}?${new URLSearchParams({ ...select })}`;
    const known = this.#informers.get(identity) as Informer<T> | undefined;
    if (known) return known;
    const informer = new Informer<T>({ client: this.#client, kind, log: this.#log, clock: this.#clock, select });
    this.#informers.set(identity, informer as unknown as Informer<KubeObject>);
    return informer;
  }

  /** One that nobody else is given, and that whoever asks runs and ends by himself. */
  separate<T extends KubeObject>(kind: Kind<T>, options: { keep?: (object: T) => T } = {}): Informer<T> {
    return new Informer<T>({ client: this.#client, kind, log: this.#log, clock: this.#clock, ...options });
  }

  /** Runs all informers that have been asked for, and resolves when every copy is complete. */
  async start(signal: AbortSignal): Promise<void> {
    for (const [name, informer] of this.#informers)
      runBeside(informer.run(signal), signal, this.#log, `informer ${name}`);
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }
}
