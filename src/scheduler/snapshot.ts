// The cluster as the scheduler sees it, kept up to date by increments: nodes with their pods. A pod that has just been
// given a node counts there at once ("assumed"), long before the cache shows it bound.
import type { Node } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { isBeingDeleted } from '../api/meta.ts';
import { NodeRoom } from './node-room.ts';
import { type PodDemand, podDemand } from './pod-demand.ts';

interface Placed {
  nodeName: string;
  demand: PodDemand;
}

export class Snapshot {
  readonly #rooms = new Map<string, NodeRoom>();
  /** By uid; also pods on nodes that are not known (yet, or any more). */
  readonly #placed = new Map<string, Placed>();

  rooms(): NodeRoom[] {
    return [...this.#rooms.values()];
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid);
  }

  setNode(node: Node): void {
    const { name } = node.metadata;
    const known = this.#rooms.get(name);
    known?.replaceNode(node);
    if (known) return;
    const room = new NodeRoom(node);
    this.#rooms.set(name, room);
    for (const { nodeName, demand } of this.#placed.values()) if (nodeName === name) room.addPod(demand);
  }

  removeNode(name: string): void {
    this.#rooms.delete(name);
  }

  /** Notes a pod on a node: bound there, or assumed to be soon. */
  place(pod: Pod, nodeName: string, demand?: PodDemand): void {
    const uid = pod.metadata.uid ?? '';
    const known = this.#placed.get(uid);
    if (known?.nodeName === nodeName && isBeingDeleted(known.demand.pod) === isBeingDeleted(pod)) return;
    this.remove(uid);
    const placed = { nodeName, demand: demand ?? podDemand(pod) };
    this.#placed.set(uid, placed);
    this.#rooms.get(nodeName)?.addPod(placed.demand);
  }

  /** True where the pod had taken something. */
  remove(uid: string): boolean {
    const placed = this.#placed.get(uid);
    if (!placed) return false;
    this.#placed.delete(uid);
    this.#rooms.get(placed.nodeName)?.removePod(uid);
    return true;
  }
}
