// What the node agent needs of control groups above its containers. There are two kinds: folders that it makes itself, and
// slices that systemd makes. Docker is set to one of them and refuses the other's names.

/** Names from the root on: a group may be made by whom it is needed first, so each is known by its path alone. */
export type GroupPath = readonly string[];

/** What is undefined is left as it is; what is infinite has no limit any more. */
export interface GroupLimits {
  cpuShares?: number | undefined;
  cpuQuotaMicros?: number | undefined;
  memoryBytes?: number | undefined;
  pids?: number | undefined;
  /** Nothing in it is ever moved to swap. */
  noSwap?: boolean;
}

export interface GroupTree {
  /** The group as Docker is told of it. */
  parentOf(path: GroupPath): string;
  /** Makes it where it is missing; its parent is there. */
  ensure(path: GroupPath, limits: GroupLimits): Promise<void>;
  /** The containers that have a group of their own in this one; none where there is none. */
  containersIn(path: GroupPath): Promise<string[]>;
  /** Takes it back with all groups in it, and ends what still runs there. Does nothing where there is none. */
  remove(path: GroupPath): Promise<void>;
}
