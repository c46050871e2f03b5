// Tells the API how pods are: only what has changed, and never about another pod that took the name of the one meant.
import { isDeepStrictEqual } from 'node:util';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { isNotFound } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';

export class StatusWriter {
  readonly #client: Client;
  /** What the API answered to our last write: newer than the informer's copy until that has caught up. */
  readonly #answered = new Map<string, Pod>();

  constructor(client: Client) {
    this.#client = client;
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

  async write(pod: Pod, status: Pod['status']): Promise<void> {
    const { namespace, name, uid = '' } = pod.metadata;
    const patch = statusPatch(this.newest(pod).status, status);
    if (!patch) return;
    try {
      const body = { metadata: { uid }, status: patch };
      this.#answered.set(uid, await this.#client.patch(pods, { namespace, name }, body, { subresource: 'status' }));
    } catch (error) {
      // The pod is gone: nobody is left to be told.
      if (!isNotFound(error)) throw error;
    }
  }

  forget(uid: string): void {
    this.#answered.delete(uid);
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
