// The static pods of this node: those that its files ask for, and those that are being ended because they do so no longer.
// A pod of the same name begins only when the one before it has ended.
import type { Pod } from '../../api/kinds/pod.ts';
import { keyOf } from '../../api/meta.ts';
import { type Clock, timestamp } from '../../base/clock.ts';

const graceSeconds = 30;

export class StaticPods {
  readonly #clock: Clock;
  /** By uid. */
  readonly #running = new Map<string, Pod>();
  #wanted: readonly Pod[] = [];
  readonly #heard: ((pod: Pod) => void)[] = [];

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  /** Calls the function with each pod that begins, is to end, or has ended, and with those that are there. */
  onChange(heard: (pod: Pod) => void): void {
    this.#heard.push(heard);
    for (const pod of this.all()) heard(pod);
  }

  get(uid: string): Pod | undefined {
    return this.#running.get(uid);
  }

  withKey(key: string): Pod | undefined {
    return this.all().find((pod) => keyOf(pod) === key);
  }

  all(): Pod[] {
    return [...this.#running.values()];
  }

  /** What the files ask for now. */
  want(pods: readonly Pod[]): void {
    this.#wanted = pods;
    const asked = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const pod of this.all()) if (!asked.has(pod.metadata.uid)) this.#end(pod);
    this.#beginAll();
  }

  /** Nothing is left of it on this node. False where it is no static pod. */
  ended(uid: string): boolean {
    const pod = this.#running.get(uid);
    if (!pod) return false;
    this.#running.delete(uid);
    this.#tell(pod);
    this.#beginAll();
    return true;
  }

  #end(pod: Pod): void {
    const { uid = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp) return;
    const seconds = pod.spec.terminationGracePeriodSeconds ?? graceSeconds;
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: timestamp(this.#clock.now() + seconds * 1000),
      deletionGracePeriodSeconds: seconds,
    };
    this.#running.set(uid, { ...pod, metadata });
    this.#tell(pod);
  }

  #beginAll(): void {
    for (const pod of this.#wanted) {
      const { uid = '' } = pod.metadata;
      if (this.withKey(keyOf(pod))) continue;
      this.#running.set(uid, pod);
      this.#tell(pod);
    }
  }

  #tell(pod: Pod): void {
    for (const heard of this.#heard) heard(pod);
  }
}
