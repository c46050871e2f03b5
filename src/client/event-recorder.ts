// Tells what happened to an object as Kubernetes Events. The same happening again raises the count of the first one.
// Never throws and never waits: an event is news, not state. Holds: events are written in the order in which they happened,
// with the time at which they did; while the API is away they wait, as many as there is room for, and the oldest go first.
import { events } from '../api/kinds/event.ts';
import type { KubeObject } from '../api/meta.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../api/status.ts';
import { Backoff } from '../base/backoff.ts';
import { type Clock, systemClock, timestamp } from '../base/clock.ts';
import { firstBytes } from '../base/first-bytes.ts';
import type { Log } from '../base/log.ts';
import type { Client } from './client.ts';
import { EventAllowance } from './event-allowance.ts';

export interface Happening {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** The part of the object, as `spec.containers{web}`. */
  fieldPath?: string;
}

export interface EventRecorderOptions {
  client: Client;
  log: Log;
  component: string;
  host?: string;
  clock?: Clock;
  /** How many wait at most. */
  room?: number;
}

/** What has to be told yet; it may have happened more than once meanwhile. */
interface News {
  identity: string;
  /** Made once, so that an event whose acknowledgement was lost is not told twice. */
  name: string;
  object: KubeObject;
  happening: Happening;
  count: number;
  firstMs: number;
  lastMs: number;
}

interface Remembered {
  name: string;
  count: number;
}

/** In bytes. What a registry or a program says may be of any length. */
const longestMessage = 4096;
const rememberedAtMost = 4096;
const usualRoom = 1000;

export class EventRecorder {
  readonly #client: Client;
  readonly #log: Log;
  readonly #source: { component: string; host?: string };
  readonly #clock: Clock;
  readonly #room: number;
  readonly #allowance: EventAllowance;
  readonly #remembered = new Map<string, Remembered>();
  readonly #backoff = new Backoff({ firstMs: 500, ceilingMs: 15_000 });
  /** In order; the same happening twice is one. */
  readonly #waiting = new Map<string, News>();
  /** Is being told, or could not be told and is tried again before all others. */
  #first: News | undefined;
  #isTelling = false;
  #forgotten = 0;

  constructor(options: EventRecorderOptions) {
    this.#client = options.client;
    this.#log = options.log;
    this.#source = { component: options.component, ...(options.host && { host: options.host }) };
    this.#clock = options.clock ?? systemClock;
    this.#room = options.room ?? usualRoom;
    this.#allowance = new EventAllowance(this.#clock);
  }

  record(object: KubeObject, told: Happening): void {
    const nowMs = this.#clock.now();
    const happening = { ...told, message: firstBytes(told.message, longestMessage) };
    const identity = identityOf(object, happening);
    const waiting = this.#waiting.get(identity);
    if (waiting) {
      waiting.count += 1;
      waiting.lastMs = nowMs;
      return;
    }
    const count = this.#allowance.take(reasonOf(object, happening), identity);
    if (count === 0) return;
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined && this.#waiting.size >= this.#room) {
      this.#waiting.delete(oldest);
      this.#forgotten += 1;
    }
    const name = `${object.metadata.name}.${uniqueTime(nowMs)}`;
    this.#waiting.set(identity, { identity, name, object, happening, count, firstMs: nowMs, lastMs: nowMs });
    if (!this.#isTelling) void this.#tellAll();
  }

  /** One after the other, until all is told or the API is away: then again after a while. */
  async #tellAll(): Promise<void> {
    this.#isTelling = true;
    for (let news = this.#next(); news; news = this.#next()) {
      this.#first = news;
      try {
        await this.#tell(news);
        this.#backoff.forget('API');
      } catch (error) {
        const { reason } = news.happening;
        if (!isRefusal(error)) {
          const retryMs = this.#backoff.nextMs('API');
          this.#log.debug('events wait for the API', { waiting: this.#waiting.size + 1, error });
          this.#clock.after(retryMs, () => void this.#tellAll());
          return;
        }
        this.#log.warn('event refused', { reason, error });
      }
      this.#first = undefined;
    }
    this.#isTelling = false;
    if (this.#forgotten > 0) this.#log.warn('more happened than could be kept', { events: this.#forgotten });
    this.#forgotten = 0;
  }

  #next(): News | undefined {
    if (this.#first) return this.#first;
    const [news] = this.#waiting.values();
    if (news) this.#waiting.delete(news.identity);
    return news;
  }

  async #tell(news: News): Promise<void> {
    const { identity, name, object, happening, firstMs, lastMs } = news;
    const { type, reason, message, fieldPath } = happening;
    const namespace = object.metadata.namespace ?? 'default';
    const remembered = this.#remembered.get(identity);
    if (remembered && (await this.#raise(namespace, remembered, news))) return;
    const draft = {
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        ...(object.metadata.namespace && { namespace: object.metadata.namespace }),
        ...(object.metadata.uid && { uid: object.metadata.uid }),
        ...(object.metadata.resourceVersion && { resourceVersion: object.metadata.resourceVersion }),
        ...(fieldPath && { fieldPath }),
      },
      type,
      reason,
      message,
      source: this.#source,
      reportingComponent: this.#source.component,
      reportingInstance: this.#source.host ?? '',
      firstTimestamp: timestamp(firstMs),
      lastTimestamp: timestamp(lastMs),
      count: news.count,
    };
    try {
      await this.#client.create(events, draft);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    this.#remember(identity, { name, count: news.count });
  }

  /** False where the first event is gone by now. */
  async #raise(namespace: string, remembered: Remembered, { count: more, lastMs }: News): Promise<boolean> {
    const count = remembered.count + more;
    try {
      const patch = { count, lastTimestamp: timestamp(lastMs) };
      await this.#client.patch(events, { namespace, name: remembered.name }, patch);
      remembered.count = count;
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #remember(identity: string, remembered: Remembered): void {
    this.#remembered.set(identity, remembered);
    const oldest = this.#remembered.keys().next().value;
    if (this.#remembered.size > rememberedAtMost && oldest !== undefined) this.#remembered.delete(oldest);
  }
}

/** Nanoseconds as Kubernetes names events by them. */
function uniqueTime(ms: number): string {
  return (BigInt(ms) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)).toString(16);
}

function identityOf({ kind, metadata }: KubeObject, { type, reason, message, fieldPath }: Happening): string {
  return [kind, metadata.namespace, metadata.name, metadata.uid, type, reason, message, fieldPath].join('\n');
}

const reasonOf = ({ kind, metadata }: KubeObject, { reason }: Happening) =>
  [kind, metadata.namespace, metadata.name, metadata.uid, reason].join('\n');

/** The API has heard of it and does not want it. */
function isRefusal(error: unknown): boolean {
  return error instanceof StatusError && error.code < 500 && error.code !== 429;
}
