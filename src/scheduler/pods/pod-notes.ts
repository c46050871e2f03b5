// What the scheduler writes on pods that have no node: why they have none, which node has been promised to them, and on those
// that have to go for others, that they will.
import { type Pod, type PodCondition, pods } from '../../api/kinds/pod.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import { type Clock, timestamp } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';

export class PodNotes {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #writing = new Map<string, Promise<void>>();

  constructor(options: { client: Client; clock: Clock; log: Log }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Nothing is written where the pod says so already. An empty node takes back what was promised. */
  async noteUnschedulable(pod: Pod, message: string, promised: string | undefined): Promise<void> {
    const stated = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message } as const;
    const condition = this.#changed(pod, stated);
    const isPromisedSo = promised === undefined || promised === (pod.status.nominatedNodeName ?? '');
    if (!condition && isPromisedSo) return;
    await this.#patch(pod, {
      ...(condition && { conditions: [condition] }),
      ...(!isPromisedSo && { nominatedNodeName: promised || null }),
    });
  }

  /** Whatever the copy says: that the promise was made may be noted only now. */
  async takeBackPromise(pod: Pod): Promise<void> {
    await this.#patch(pod, { nominatedNodeName: null });
  }

  async noteVictim(pod: Pod, schedulerName: string): Promise<void> {
    const message = `${schedulerName}: preempting to accommodate a higher priority pod`;
    const reason = 'PreemptionByScheduler';
    const condition = this.#changed(pod, { type: 'DisruptionTarget', status: 'True', reason, message });
    if (condition) await this.#patch(pod, { conditions: [condition] });
  }

  /** The condition with its times, or nothing where it stands there already. */
  #changed({ status, metadata }: Pod, stated: Omit<PodCondition, 'lastTransitionTime'>): PodCondition | undefined {
    const known = status.conditions?.find(({ type }) => type === stated.type);
    const isKnown =
      known?.status === stated.status && known.reason === stated.reason && known.message === stated.message;
    if (isKnown) return undefined;
    const lastTransitionTime =
      (known?.status === stated.status && known.lastTransitionTime) || timestamp(this.#clock.now());
    const { generation } = metadata;
    return { ...stated, lastTransitionTime, ...(generation && { observedGeneration: generation }) };
  }

  /** Resolves when all is written that was to be noted on the pod: what is written then stays the last word. */
  async settled(uid: string): Promise<void> {
    await this.#writing.get(uid);
  }

  /** One after the other for each pod. */
  async #patch(pod: Pod, status: object): Promise<void> {
    const { uid = '' } = pod.metadata;
    const before = this.#writing.get(uid) ?? Promise.resolve();
    const written = before.then(() => this.#write(pod, status));
    this.#writing.set(uid, written);
    await written;
    if (this.#writing.get(uid) === written) this.#writing.delete(uid);
  }

  async #write(pod: Pod, status: object): Promise<void> {
    const patch = { metadata: { uid: pod.metadata.uid }, status };
    try {
      await this.#client.patch(pods, pod.metadata, patch, { type: 'strategic', subresource: 'status' });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return; // it has gone, or is another by now
      this.#log.warn('could not note on a pod how it fares', { pod: pod.metadata.name, error });
    }
  }
}
