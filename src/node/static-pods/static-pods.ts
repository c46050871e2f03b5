// The static pods of this node: those that its files ask for, and those that are being ended because they do so no longer.
// A pod of the same name begins only when the one before it has ended.
import type { Pod } from '../../api/kinds/pod.ts';
import { keyOf } from '../../api/meta.ts';
import { type Clock, timestamp } from '../../base/clock.ts';
import { shownBy } from './static-pod.ts';

const graceSeconds = 30;

export class StaticPods {
  readonly #clock: Clock;
  /** By uid. */
  readonly #running = new Map<string, Pod>();
  /** By key, the uid of the mirror that showed the pod which ended there last. */
  readonly #pastMirrors = new Map<string, string>();
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

  /** Whether what runs here is what the mirror shows: a file that comes again as it was asks for another run of its pod. */
  isShownBy(mirror: Pod): boolean {
    const key = keyOf(mirror);
    const uid = this.withKey(key)?.metadata.uid;
    return uid !== undefined && shownBy(mirror) === uid && this.#pastMirrors.get(key) !== mirror.metadata.uid;
  }

  /** Nothing is left of it on this node, and `mirror` tells how it ended. */
  ended(uid: string, mirror: Pod | undefined): void {
    const pod = this.#running.get(uid);
    if (!pod) return;
    this.#running.delete(uid);
    if (mirror?.metadata.uid) this.#pastMirrors.set(keyOf(mirror), mirror.metadata.uid);
    this.#tell(pod);
    this.#beginAll();
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
