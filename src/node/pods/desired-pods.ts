// The pods that this node is meant to run: from the API, and until that answers for the first time from the checkpoint.
import type { Pod } from '../../api/kinds/pod.ts';
import { keyOf } from '../../api/meta.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Informer } from '../../client/informer.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { isMirror, shownBy } from '../static-pods/static-pod.ts';
import type { StaticPods } from '../static-pods/static-pods.ts';

/** How long the API is waited for before the checkpoint is believed. */
const apiWaitMs = 5_000;

export interface DesiredPodsOptions {
  informer: Informer<Pod>;
  checkpoint: Checkpoint;
  clock: Clock;
  log: Log;
  /** It is known already that the API does not answer: nobody waits for it. */
  isApiAway?: boolean;
  /** Of this node's own files, where it has any. */
  statics?: StaticPods | undefined;
}

export class DesiredPods {
  readonly #informer: Informer<Pod>;
  readonly #checkpoint: Checkpoint;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #isApiAway: boolean;
  readonly #byUid: (uid: string) => Pod[];
  readonly #statics: StaticPods | undefined;
  #remembered = new Map<string, Pod>();
  #isComplete = false;

  constructor(options: DesiredPodsOptions) {
    this.#informer = options.informer;
    this.#checkpoint = options.checkpoint;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#isApiAway = options.isApiAway ?? false;
    this.#statics = options.statics;
    // A mirror is a picture of a pod, not one to run.
    this.#byUid = this.#informer.indexBy((pod) => (isMirror(pod) ? [] : [pod.metadata.uid ?? '']));
  }

  /** Whether the API itself has said which pods there are: only then is a pod that is missing here really gone. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Resolves when the API has said so. */
  get synced(): Promise<void> {
    return this.#informer.synced;
  }

  get(uid: string): Pod | undefined {
    const own = this.#statics?.get(uid);
    if (own) return { ...own, status: this.shownAs(own)?.status ?? own.status };
    return this.#byUid(uid)[0] ?? this.#remembered.get(uid);
  }

  /** The object of the API that shows the pod: itself, or a static pod's mirror where there is one. */
  shownAs(pod: Pod): Pod | undefined {
    if (!this.isStatic(pod)) return pod;
    const found = this.#informer.get(keyOf(pod));
    return found && this.#statics?.isShownBy(found) ? found : undefined;
  }

  /** Whether it is of this node's own files: nobody else says that it is gone, or that it begins anew. */
  isStatic({ metadata: { uid = '' } }: Pod): boolean {
    return this.#statics?.get(uid) !== undefined;
  }

  /** Nothing is left of it on this node, nor known: a static pod whose file is there again begins anew. */
  ended(uid: string): void {
    const pod = this.#statics?.get(uid);
    if (pod) this.#statics?.ended(uid, this.shownAs(pod));
  }

  uids(): string[] {
    const bound = this.#informer.list().filter((pod) => !isMirror(pod));
    const all = [...bound, ...(this.#statics?.all() ?? [])].map(({ metadata }) => metadata.uid ?? '');
    return [...new Set([...all, ...this.#remembered.keys()])];
  }

  all(): Pod[] {
    return this.uids().flatMap((uid) => this.get(uid) ?? []);
  }

  /** Resolves when there is something to go by; from then on the handler is told of every pod that may have changed. */
  async start(onChange: (uid: string) => void): Promise<void> {
    const kept = await this.#checkpoint.read();
    this.#statics?.onChange(({ metadata }) => onChange(metadata.uid ?? ''));
    const synced = this.#informer.synced.then(() => {
      this.#isComplete = true;
      const forgotten = [...this.#remembered.keys()];
      this.#remembered = new Map();
      this.#checkpoint.retain(new Set(this.uids()));
      for (const uid of forgotten) onChange(uid);
    });
    if (!this.#isApiAway) await Promise.race([synced, this.#clock.sleep(apiWaitMs)]);
    if (!this.#isComplete) {
      this.#log.warn('the API does not answer: going on with the pods of the last time', { pods: kept.length });
      this.#remembered = new Map(kept.map((pod) => [pod.metadata.uid ?? '', pod]));
      for (const uid of this.#remembered.keys()) onChange(uid);
    }
    this.#informer.onChange(({ object, previous }) => {
      const mirror = [object, previous].find((pod) => pod && isMirror(pod));
      if (mirror) {
        onChange(shownBy(mirror) ?? '');
        return;
      }
      const uid = object?.metadata.uid;
      const before = previous?.metadata.uid;
      if (object) this.#checkpoint.keep(object);
      if (before && before !== uid) {
        // Deleted, or another pod under the same name.
        this.#checkpoint.drop(before);
        onChange(before);
      }
      if (uid) onChange(uid);
    });
  }
}
