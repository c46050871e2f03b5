// One node as the scheduler sees it: what it offers, and what the pods on it (bound, or about to be) have taken.

import type { HostPort } from '../api/host-ports.ts';
import type { Node, Taint } from '../api/kinds/node.ts';
import { nodeReadiness } from '../api/kinds/node.ts';
import { type Amounts, add, amountsOf, subtract } from '../api/pod-resources.ts';
import { notReadyTaint } from '../api/taints.ts';
import type { PodDemand } from './pod-demand.ts';

export class NodeRoom {
  /** By uid. */
  readonly pods = new Map<string, PodDemand>();
  readonly requested: Amounts = {};
  /** What the pods are taken to use where they do not say; for comparing nodes only. */
  readonly assumed = { milliCpu: 0, memoryBytes: 0 };
  /** How many pods of one owner are here, by the owner's uid. */
  readonly owners = new Map<string, number>();
  readonly hostPorts = new Set<HostPort>();
  #node: Node;
  #allocatable: Amounts;
  #taints: Taint[];

  constructor(node: Node) {
    this.#node = node;
    this.#allocatable = amountsOf(node.status.allocatable);
    this.#taints = taintsOf(node);
  }

  get node(): Node {
    return this.#node;
  }

  get allocatable(): Amounts {
    return this.#allocatable;
  }

  get taints(): Taint[] {
    return this.#taints;
  }

  replaceNode(node: Node): void {
    this.#node = node;
    this.#allocatable = amountsOf(node.status.allocatable);
    this.#taints = taintsOf(node);
  }

  addPod(demand: PodDemand): void {
    this.removePod(demand.uid);
    this.pods.set(demand.uid, demand);
    add(this.requested, demand.requests);
    this.assumed.milliCpu += demand.assumed.milliCpu;
    this.assumed.memoryBytes += demand.assumed.memoryBytes;
    for (const port of demand.hostPorts) this.hostPorts.add(port);
    if (demand.spreadBy) this.owners.set(demand.spreadBy, (this.owners.get(demand.spreadBy) ?? 0) + 1);
  }

  removePod(uid: string): void {
    const demand = this.pods.get(uid);
    if (!demand) return;
    this.pods.delete(uid);
    subtract(this.requested, demand.requests);
    this.assumed.milliCpu -= demand.assumed.milliCpu;
    this.assumed.memoryBytes -= demand.assumed.memoryBytes;
    for (const port of demand.hostPorts) this.hostPorts.delete(port);
    const left = (this.owners.get(demand.spreadBy ?? '') ?? 0) - 1;
    if (demand.spreadBy && left > 0) this.owners.set(demand.spreadBy, left);
    else if (demand.spreadBy) this.owners.delete(demand.spreadBy);
  }
}

/** A node whose agent has never said that it is ready is as good as tainted: the taint itself comes a moment later. */
function taintsOf(node: Node): Taint[] {
  const stated = node.spec.taints ?? [];
  if (nodeReadiness(node)) return stated;
  return [...stated, { key: notReadyTaint, effect: 'NoSchedule' }];
}
