// Room on a node that preemption makes for a pod: until the pod is bound, nobody who is less important gets it.
import type { PodDemand } from '../pods/pod-demand.ts';

export interface Promised {
  demand: PodDemand;
  nodeName: string;
}

const nobody: readonly PodDemand[] = [];

export class Promises {
  readonly #byPod = new Map<string, Promised>();
  readonly #byNode = new Map<string, PodDemand[]>();

  nodeOf(uid: string): string | undefined {
    return this.#byPod.get(uid)?.nodeName;
  }

  on(nodeName: string): readonly PodDemand[] {
    return this.#byNode.get(nodeName) ?? nobody;
  }

  set(demand: PodDemand, nodeName: string): void {
    this.delete(demand.uid);
    this.#byPod.set(demand.uid, { demand, nodeName });
    this.#byNode.set(nodeName, [...this.on(nodeName), demand]);
  }

  /** What had been promised to the pod. */
  delete(uid: string): Promised | undefined {
    const promised = this.#byPod.get(uid);
    if (!promised) return undefined;
    this.#byPod.delete(uid);
    const others = this.on(promised.nodeName).filter((demand) => demand.uid !== uid);
    if (others.length > 0) this.#byNode.set(promised.nodeName, others);
    else this.#byNode.delete(promised.nodeName);
    return promised;
  }
}
