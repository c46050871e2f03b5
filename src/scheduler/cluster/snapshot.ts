// The cluster as the scheduler sees it, kept up to date by increments: nodes with their pods. A pod that has just been
// given a node counts there at once ("assumed"), long before the cache shows it bound. Holds: what a pod's event costs does
// not grow with the number of nodes or pods.
import { isDeepStrictEqual } from 'node:util';
import type { Namespace } from '../../api/kinds/namespace.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { Labels } from '../../api/selector.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import type { ClusterView } from './cluster-view.ts';
import { NodeRoom } from './node-room.ts';
import { addTo, type CountByNode, PodCounts, type PodSort } from './pod-counts.ts';
import { StandingTerms } from './standing-terms.ts';

interface Placed {
  nodeName: string;
  demand: PodDemand;
}

const noLabels: Labels = {};

export class Snapshot implements ClusterView {
  readonly terms = new StandingTerms();
  readonly #rooms = new Map<string, NodeRoom>();
  /** By uid; also pods on nodes that are not known (yet, or any more). */
  readonly #placed = new Map<string, Placed>();
  /** Uids of those on nodes that are not known, by the nodes' names. */
  readonly #homeless = new Map<string, Set<string>>();
  readonly #counts = new PodCounts(() => this.#placed.values());
  readonly #namespaces = new Map<string, Labels>();
  readonly #imageNodes = new Map<string, number>();
  #list: readonly NodeRoom[] | undefined;

  get rooms(): readonly NodeRoom[] {
    this.#list ??= [...this.#rooms.values()];
    return this.#list;
  }

  room(nodeName: string): NodeRoom | undefined {
    return this.#rooms.get(nodeName);
  }

  count(sort: PodSort): CountByNode {
    return this.#counts.of(sort);
  }

  labelsOfNamespace(name: string): Labels {
    return this.#namespaces.get(name) ?? noLabels;
  }

  nodesWithImage(image: string): number {
    return this.#imageNodes.get(image) ?? 0;
  }

  placedOn(uid: string): string | undefined {
    return this.#placed.get(uid)?.nodeName;
  }

  demandOf(uid: string): PodDemand | undefined {
    return this.#placed.get(uid)?.demand;
  }

  setNamespace({ metadata: { name, labels = noLabels } }: Namespace): void {
    const before = this.labelsOfNamespace(name);
    this.#namespaces.set(name, labels);
    // Whom a selector of namespaces finds may have changed.
    if (!isDeepStrictEqual(labels, before)) this.#counts.forgetAll();
  }

  removeNamespace(name: string): void {
    this.#namespaces.delete(name);
  }

  setNode(node: Node): void {
    const { name } = node.metadata;
    const known = this.#rooms.get(name);
    if (known) {
      this.#countImages(known, -1);
      known.replaceNode(node);
      this.#countImages(known, 1);
      return;
    }
    const room = new NodeRoom(node);
    this.#rooms.set(name, room);
    this.#list = undefined;
    this.#countImages(room, 1);
    for (const uid of this.#homeless.get(name) ?? []) {
      const placed = this.#placed.get(uid);
      if (placed) room.addPod(placed.demand);
    }
    this.#homeless.delete(name);
  }

  removeNode(name: string): void {
    const room = this.#rooms.get(name);
    if (!room) return;
    this.#countImages(room, -1);
    this.#rooms.delete(name);
    this.#list = undefined;
    if (room.pods.size > 0) this.#homeless.set(name, new Set(room.pods.keys()));
  }

  /** Notes a pod on a node: bound there, or assumed to be soon. */
  place(demand: PodDemand, nodeName: string): void {
    this.remove(demand.uid);
    this.#placed.set(demand.uid, { nodeName, demand });
    const room = this.#rooms.get(nodeName);
    if (room) room.addPod(demand);
    else this.#homeless.set(nodeName, (this.#homeless.get(nodeName) ?? new Set()).add(demand.uid));
    this.#counts.change(demand, nodeName, 1);
    this.terms.change(demand, nodeName, 1);
  }

  /** True where the pod had taken something. */
  remove(uid: string): boolean {
    const placed = this.#placed.get(uid);
    if (!placed) return false;
    const { nodeName, demand } = placed;
    this.#placed.delete(uid);
    this.#rooms.get(nodeName)?.removePod(uid);
    const homeless = this.#homeless.get(nodeName);
    if (homeless?.delete(uid) && homeless.size === 0) this.#homeless.delete(nodeName);
    this.#counts.change(demand, nodeName, -1);
    this.terms.change(demand, nodeName, -1);
    return true;
  }

  #countImages(room: NodeRoom, by: 1 | -1): void {
    for (const image of room.images.keys()) addTo(this.#imageNodes, image, by);
  }
}
