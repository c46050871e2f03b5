// Keeps a picture of every static pod in the API, where people look for it. A picture that is deleted is made again; one
// that shows what is no longer there is removed.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { isAlreadyExists, isNotFound } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { isMirror, mirrorOf } from './static-pod.ts';
import type { StaticPods } from './static-pods.ts';

export interface MirrorPodsOptions {
  client: Client;
  /** Of the pods of this node. */
  informer: Informer<Pod>;
  statics: StaticPods;
  /** Undefined until the node is known to the API. */
  node(): { name: string; uid: string } | undefined;
  clock: Clock;
  log: Log;
}

const nodeWaitMs = 5_000;
/** kubectl looks whether the one it has deleted is there, and lists only then: it has to see that there was none for a moment. */
const absentMs = 1_000;

/** What to do about one name: the picture there, and the static pod that runs under it. */
export function planMirror(
  mirror: Pod | undefined,
  running: Pod | undefined,
  statics: Pick<StaticPods, 'isShownBy'>,
): 'make' | 'remove' | undefined {
  if (mirror) return statics.isShownBy(mirror) && !isBeingDeleted(mirror) ? undefined : 'remove';
  // One that is about to end is not shown again.
  return running && !isBeingDeleted(running) ? 'make' : undefined;
}

export class MirrorPods {
  readonly #options: MirrorPodsOptions;
  readonly #queue: WorkQueue;
  /** By key, until when the next one waits. */
  readonly #absentUntilMs = new Map<string, number>();

  constructor(options: MirrorPodsOptions) {
    this.#options = options;
    const { log, clock } = options;
    this.#queue = new WorkQueue({ name: 'mirror pods', log, clock, sync: (key) => this.#sync(key) });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { informer, statics } = this.#options;
    statics.onChange((pod) => this.#queue.add(keyOf(pod)));
    informer.onChange(({ key, object, previous }) => {
      if ((object && isMirror(object)) || (previous && isMirror(previous))) this.#queue.add(key);
    });
    await informer.synced;
    if (!signal.aborted) this.#queue.start(signal);
  }

  async #sync(key: string): Promise<void> {
    const { client, informer, statics, node, clock } = this.#options;
    const there = informer.get(key);
    if (there && !isMirror(there)) return;
    const running = statics.withKey(key);
    const todo = planMirror(there, running, statics);
    if (todo === 'remove' && there) {
      const { uid = '' } = there.metadata;
      await client.delete(pods, there.metadata, { gracePeriodSeconds: 0, uid }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      this.#absentUntilMs.set(key, clock.monotonicMs() + absentMs);
    }
    if (todo !== 'make' || !running) return;
    const waitMs = (this.#absentUntilMs.get(key) ?? 0) - clock.monotonicMs();
    if (waitMs > 0) return this.#queue.addAfter(key, waitMs);
    this.#absentUntilMs.delete(key);
    const owner = node();
    if (!owner) return this.#queue.addAfter(key, nodeWaitMs);
    await client.create(pods, mirrorOf(running, owner)).catch((error: unknown) => {
      // Made a moment ago, and not seen yet.
      if (!isAlreadyExists(error)) throw error;
    });
  }
}
