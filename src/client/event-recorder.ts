// Tells what happened to an object as Kubernetes Events. The same happening again raises the count of the first one.
// Never throws and never waits: an event is news, not state.
import { events } from '../api/kinds/event.ts';
import type { KubeObject } from '../api/meta.ts';
import { isNotFound } from '../api/status.ts';
import { type Clock, systemClock, timestamp } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from './client.ts';

export interface Happening {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** The part of the object, as `spec.containers{web}`. */
  fieldPath?: string;
}

interface Remembered {
  name: string;
  count: number;
}

const rememberedAtMost = 4096;

export class EventRecorder {
  readonly #client: Client;
  readonly #log: Log;
  readonly #source: { component: string; host?: string };
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();
  #tail: Promise<void> = Promise.resolve();

  constructor(options: { client: Client; log: Log; component: string; host?: string; clock?: Clock }) {
    this.#client = options.client;
    this.#log = options.log;
    this.#source = { component: options.component, ...(options.host && { host: options.host }) };
    this.#clock = options.clock ?? systemClock;
  }

  record(object: KubeObject, happening: Happening): void {
    // One after the other, so that events of one source are written in the order in which they happened.
    this.#tail = this.#tail
      .then(() => this.#write(object, happening))
      .catch((error: unknown) => this.#log.warn('event lost', { reason: happening.reason, error }));
  }

  async #write(object: KubeObject, happening: Happening): Promise<void> {
    const { type, reason, message, fieldPath } = happening;
    const namespace = object.metadata.namespace ?? 'default';
    const now = timestamp(this.#clock.now());
    const identity = [
      object.kind,
      namespace,
      object.metadata.name,
      object.metadata.uid,
      type,
      reason,
      message,
      fieldPath,
    ].join('\n');
    const remembered = this.#remembered.get(identity);
    if (remembered && (await this.#raise(namespace, remembered, now))) return;
    const name = `${object.metadata.name}.${(BigInt(this.#clock.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)).toString(16)}`;
    await this.#client.create(events, {
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
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    });
    this.#remember(identity, { name, count: 1 });
  }

  /** False where the first event is gone by now. */
  async #raise(namespace: string, remembered: Remembered, now: string): Promise<boolean> {
    remembered.count += 1;
    try {
      await this.#client.patch(
        events,
        { namespace, name: remembered.name },
        { count: remembered.count, lastTimestamp: now },
      );
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
