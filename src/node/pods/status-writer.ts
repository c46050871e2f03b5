// Tells the API how pods are: only what has changed, and never about another pod that took the name of the one meant.
// While the API is away nobody waits for it: one write in a while finds out whether it is back.
import { isDeepStrictEqual } from 'node:util';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { isNotFound, isRefusal } from '../../api/status.ts';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';

const quietMs = 5_000;
/** Another has written meanwhile, as a rule; what the API does not want at all it is not asked to take again and again. */
const refusedMs = { firstMs: 100, ceilingMs: 60_000 };

export class StatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  /** No write is tried before; set as soon as one has failed. By the clock that nobody sets. */
  #quietUntilMs = 0;
  readonly #refusals = new Backoff(refusedMs);
  #isAway = false;
  /** What the API answered to our last write: newer than the informer's copy until that has caught up. */
  readonly #answered = new Map<string, Pod>();

  constructor(options: { client: Client; clock: Clock; log: Log }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** The newest known form of a pod. */
  newest(pod: Pod): Pod {
    const uid = pod.metadata.uid ?? '';
    const answered = this.#answered.get(uid);
    if (!answered) return pod;
    if (revisionOf(answered) > revisionOf(pod)) return { ...pod, status: answered.status };
    this.#answered.delete(uid);
    return pod;
  }

  /** Answers in how many ms to come again where the API could not be told; undefined where it knows. */
  async write(pod: Pod, status: Pod['status']): Promise<number | undefined> {
    const { namespace, name, uid = '' } = pod.metadata;
    const patch = statusPatch(this.newest(pod).status, status);
    if (!patch) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (this.#quietUntilMs > nowMs) return this.#quietUntilMs - nowMs;
    // The others stay quiet until this one knows more.
    if (this.#isAway) this.#quietUntilMs = nowMs + quietMs;
    try {
      const body = { metadata: { uid }, status: patch };
      this.#answered.set(uid, await this.#client.patch(pods, { namespace, name }, body, { subresource: 'status' }));
      this.#setAway(false);
      this.#refusals.forget(uid);
      return undefined;
    } catch (error) {
      // The pod is gone: nobody is left to be told.
      if (isNotFound(error)) return undefined;
      this.#setAway(!isRefusal(error), error);
      return isRefusal(error) ? this.#refusals.nextMs(uid) : quietMs;
    }
  }

  #setAway(isAway: boolean, error?: unknown): void {
    if (isAway && !this.#isAway) this.#log.warn('pods cannot be told of, the API does not answer', { error });
    if (!isAway && this.#isAway) this.#log.info('the API answers again');
    this.#isAway = isAway;
    this.#quietUntilMs = isAway ? this.#clock.monotonicMs() + quietMs : 0;
  }

  forget(uid: string): void {
    this.#answered.delete(uid);
    this.#refusals.forget(uid);
  }
}

/** The merge patch from one status to the other; undefined where they say the same. */
export function statusPatch(told: Pod['status'], status: Pod['status']): Record<string, unknown> | undefined {
  const before = told as Record<string, unknown>;
  const after = status as Record<string, unknown>;
  const changed = Object.keys(after).filter((key) => !isDeepStrictEqual(plain(before[key]), plain(after[key])));
  // Why a pod failed may have been told by others; it holds as long as the phase does.
  const gone = ['reason', 'message'].filter((key) => before[key] !== undefined && before.phase !== after.phase);
  if (changed.length === 0 && gone.length === 0) return undefined;
  return Object.fromEntries([...changed.map((key) => [key, after[key]]), ...gone.map((key) => [key, null])]);
}

/** As it comes back from the API: without what JSON leaves out. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function revisionOf(pod: Pod): number {
  return Number(pod.metadata.resourceVersion ?? 0);
}
