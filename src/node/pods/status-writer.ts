// Tells the API how pods are: only what has changed, and never about another pod that took the name of the one meant.
// While the API is away nobody waits for it: one write in a while finds out whether it is back.
import { equalJson } from '../../api/equal-json.ts';
import { type Pod, type PodCondition, pods } from '../../api/kinds/pod.ts';
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

  /** Whether the API did not answer the last time that it was told something. */
  get isAway(): boolean {
    return this.#isAway;
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
      const options = { subresource: 'status', type: 'strategic' } as const;
      this.#answered.set(uid, await this.#client.patch(pods, { namespace, name }, body, options));
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

/**
 * The strategic patch from one status to the other; undefined where they say the same. Of the conditions it has only those that
 * are no longer the same: others may be writing theirs at this moment.
 */
export function statusPatch(told: Pod['status'], status: Pod['status']): Record<string, unknown> | undefined {
  const { conditions: toldConditions, ...before } = told as Record<string, unknown> & Conditions;
  const { conditions, ...after } = status as Record<string, unknown> & Conditions;
  const changed = Object.keys(after).filter((key) => !equalJson(before[key], after[key]));
  // Why a pod failed may have been told by others; it holds as long as the phase does.
  const gone = ['reason', 'message'].filter((key) => before[key] !== undefined && before.phase !== after.phase);
  const patch = {
    ...Object.fromEntries([...changed.map((key) => [key, valueIn(after, key)]), ...gone.map((key) => [key, null])]),
    ...conditionsPatch(toldConditions, conditions),
  };
  return Object.keys(patch).length > 0 ? patch : undefined;
}

interface Conditions {
  conditions?: PodCondition[];
}

/** Lists of addresses would grow. */
function valueIn(status: Record<string, unknown>, key: string): unknown {
  const value = status[key];
  return key === 'hostIPs' || key === 'podIPs' ? [{ $patch: 'replace' }, ...(value as object[])] : value;
}

function conditionsPatch(
  before: readonly PodCondition[] = [],
  after: readonly PodCondition[] = [],
): object | undefined {
  const find = (conditions: readonly PodCondition[], type: string) =>
    conditions.find((condition) => condition.type === type);
  const absent = (condition: PodCondition) =>
    Object.fromEntries(Object.keys(find(before, condition.type) ?? {}).map((field) => [field, null]));
  const changed = after.filter((condition) => !equalJson(condition, find(before, condition.type)));
  const gone = before.filter(({ type }) => !find(after, type));
  if (changed.length + gone.length === 0) return undefined;
  return {
    '$setElementOrder/conditions': after.map(({ type }) => ({ type })),
    conditions: [
      ...changed.map((condition) => ({ ...absent(condition), ...condition })),
      ...gone.map(({ type }) => ({ type, $patch: 'delete' })),
    ],
  };
}

function revisionOf(pod: Pod): number {
  return Number(pod.metadata.resourceVersion ?? 0);
}
