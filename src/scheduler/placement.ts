// Where a pod goes: filters leave the nodes that can take it, scores pick one of them. Pure.
import type { ClusterChange, Filter } from './filters/filter.ts';
import { hostPortsFilter } from './filters/host-ports.ts';
import { nodeAffinityFilter } from './filters/node-affinity.ts';
import { resourcesFilter } from './filters/resources.ts';
import { taintsFilter } from './filters/taints.ts';
import { unschedulableFilter } from './filters/unschedulable.ts';
import type { NodeRoom } from './node-room.ts';
import type { PodDemand } from './pod-demand.ts';
import { leastAllocatedScore } from './scores/least-allocated.ts';
import type { Score } from './scores/score.ts';
import { spreadByOwnerScore } from './scores/spread-by-owner.ts';
import { taintsScore } from './scores/taints.ts';

/** In the order in which they are asked: the first one that refuses a node gives the reasons. */
const filters: readonly Filter[] = [
  unschedulableFilter,
  taintsFilter,
  nodeAffinityFilter,
  hostPortsFilter,
  resourcesFilter,
];

const scores: readonly Score[] = [leastAllocatedScore, spreadByOwnerScore, taintsScore];

export type Placement =
  | { nodeName: string }
  | { nodeName?: undefined; message: string; helpedBy: ReadonlySet<ClusterChange> };

export function planPlacement(demand: PodDemand, rooms: readonly NodeRoom[]): Placement {
  const fitting: NodeRoom[] = [];
  const reasons = new Map<string, number>();
  const helpedBy = new Set<ClusterChange>(['node-changed']);
  for (const room of rooms) {
    const refusal = firstRefusal(demand, room);
    if (!refusal) fitting.push(room);
    for (const reason of refusal?.reasons ?? []) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    for (const change of refusal?.filter.helpedBy ?? []) helpedBy.add(change);
  }
  const best = bestOf(demand, fitting);
  if (best) return { nodeName: best.node.metadata.name };
  return { message: refusalMessage(rooms.length, reasons), helpedBy };
}

function firstRefusal(demand: PodDemand, room: NodeRoom): { filter: Filter; reasons: string[] } | undefined {
  for (const filter of filters) {
    const reasons = filter.refusals(demand, room);
    if (reasons.length > 0) return { filter, reasons };
  }
  return undefined;
}

/** Of nodes that score the same the one with the fewest pods is taken, then the first by name. */
function bestOf(demand: PodDemand, rooms: NodeRoom[]): NodeRoom | undefined {
  if (rooms.length < 2) return rooms[0];
  const totals = rooms.map(() => 0);
  for (const { weight, of } of scores) {
    for (const [index, score] of of(demand, rooms).entries()) totals[index] = (totals[index] ?? 0) + weight * score;
  }
  const ranked = rooms.map((room, index) => ({ room, total: Math.round(totals[index] ?? 0) }));
  return ranked.reduce((best, next) => (isBetter(next, best) ? next : best)).room;
}

interface Ranked {
  room: NodeRoom;
  total: number;
}

function isBetter(one: Ranked, other: Ranked): boolean {
  if (one.total !== other.total) return one.total > other.total;
  if (one.room.pods.size !== other.room.pods.size) return one.room.pods.size < other.room.pods.size;
  return one.room.node.metadata.name < other.room.node.metadata.name;
}

/** "0/3 nodes are available: 1 node(s) had untolerated taint {gpu: }, 2 Insufficient cpu." */
function refusalMessage(nodeCount: number, reasons: ReadonlyMap<string, number>): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available: ${counted.join(', ')}.`;
}
