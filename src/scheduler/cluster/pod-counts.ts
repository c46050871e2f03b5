// How many pods of a sort stand on each node. A sort is counted over all pods when it is asked about for the first time;
// from then on each pod that comes or goes changes its counts. Sorts that nobody asked about for long are forgotten.
import type { PodDemand } from '../pods/pod-demand.ts';

export interface PodSort {
  /** Sorts of equal key are the same. */
  key: string;
  includes(pod: PodDemand): boolean;
}

/** By the node's name; nodes without such a pod are left out. */
export type CountByNode = ReadonlyMap<string, number>;

interface Counted {
  sort: PodSort;
  byNode: Map<string, number>;
}

const rememberedAtMost = 256;

export class PodCounts {
  readonly #placed: () => Iterable<{ demand: PodDemand; nodeName: string }>;
  /** The one asked about last comes last. */
  readonly #counted = new Map<string, Counted>();

  constructor(placed: () => Iterable<{ demand: PodDemand; nodeName: string }>) {
    this.#placed = placed;
  }

  of(sort: PodSort): CountByNode {
    const known = this.#counted.get(sort.key);
    this.#counted.delete(sort.key);
    const counted = known ?? this.#count(sort);
    this.#counted.set(sort.key, counted);
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > rememberedAtMost && oldest !== undefined) this.#counted.delete(oldest);
    return counted.byNode;
  }

  change(demand: PodDemand, nodeName: string, by: 1 | -1): void {
    for (const { sort, byNode } of this.#counted.values()) if (sort.includes(demand)) addTo(byNode, nodeName, by);
  }

  /** What decides who is of a sort is another now. */
  forgetAll(): void {
    this.#counted.clear();
  }

  #count(sort: PodSort): Counted {
    const byNode = new Map<string, number>();
    for (const { demand, nodeName } of this.#placed()) if (sort.includes(demand)) addTo(byNode, nodeName, 1);
    return { sort, byNode };
  }
}

/** Nothing is kept of what has come to nothing. */
export function addTo<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
