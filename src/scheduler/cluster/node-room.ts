// One node as the scheduler sees it: what it offers, and what the pods on it (bound, or about to be) have taken.
import type { HostPort } from '../../api/host-ports.ts';
import type { Node, Taint } from '../../api/kinds/node.ts';
import { nodeReadiness } from '../../api/kinds/node.ts';
import { type Amounts, add, amountsOf, subtract } from '../../api/pod-resources.ts';
import { notReadyTaint } from '../../api/taints.ts';
import type { PodDemand } from '../pods/pod-demand.ts';

/** What of a node is read once, whenever it changes. */
interface Offer {
  allocatable: Amounts;
  taints: readonly Taint[];
  images: ReadonlyMap<string, number>;
}

export class NodeRoom {
  readonly name: string;
  /** By uid. */
  readonly pods = new Map<string, PodDemand>();
  readonly requested: Amounts = {};
  /** What the pods are taken to use where they do not say; for comparing nodes only. */
  readonly assumed = { milliCpu: 0, memoryBytes: 0 };
  readonly hostPorts = new Set<HostPort>();
  #node: Node;
  #offer: Offer;

  constructor(node: Node, offer = offerOf(node)) {
    this.name = node.metadata.name;
    this.#node = node;
    this.#offer = offer;
  }

  get node(): Node {
    return this.#node;
  }

  get allocatable(): Amounts {
    return this.#offer.allocatable;
  }

  get taints(): readonly Taint[] {
    return this.#offer.taints;
  }

  /** Bytes of each image that is here, by all of its names. */
  get images(): ReadonlyMap<string, number> {
    return this.#offer.images;
  }

  label(key: string): string | undefined {
    return this.#node.metadata.labels?.[key];
  }

  replaceNode(node: Node): void {
    this.#node = node;
    this.#offer = offerOf(node);
  }

  addPod(demand: PodDemand): void {
    this.removePod(demand.uid);
    this.pods.set(demand.uid, demand);
    add(this.requested, demand.requests);
    this.assumed.milliCpu += demand.assumed.milliCpu;
    this.assumed.memoryBytes += demand.assumed.memoryBytes;
    for (const port of demand.hostPorts) this.hostPorts.add(port);
  }

  removePod(uid: string): void {
    const demand = this.pods.get(uid);
    if (!demand) return;
    this.pods.delete(uid);
    subtract(this.requested, demand.requests);
    this.assumed.milliCpu -= demand.assumed.milliCpu;
    this.assumed.memoryBytes -= demand.assumed.memoryBytes;
    for (const port of demand.hostPorts) this.hostPorts.delete(port);
  }

  /** The same once more, to try on it what would be if. */
  copy(): NodeRoom {
    const copy = new NodeRoom(this.#node, this.#offer);
    for (const demand of this.pods.values()) copy.addPod(demand);
    return copy;
  }
}

function offerOf(node: Node): Offer {
  const images = (node.status.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) =>
    names.map((name) => [name, Number(sizeBytes)] as const),
  );
  return { allocatable: amountsOf(node.status.allocatable), taints: taintsOf(node), images: new Map(images) };
}

/** A node whose agent has never said that it is ready is as good as tainted: the taint itself comes a moment later. */
function taintsOf(node: Node): Taint[] {
  const stated = node.spec.taints ?? [];
  if (nodeReadiness(node)) return stated;
  return [...stated, { key: notReadyTaint, effect: 'NoSchedule' }];
}
