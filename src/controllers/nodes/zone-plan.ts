// How fast pods are driven off nodes that are not well. Pure; Kubernetes' rules. Where most nodes of a zone are gone at once it
// is likelier the network than the nodes: then it goes slowly or not at all, and where all are gone it is the master that is alone.
import type { Node } from '../../api/kinds/node.ts';

export type ZoneState = 'normal' | 'partly-disrupted' | 'disrupted';

export interface Zone {
  state: ZoneState;
  nodes: number;
}

const unhealthyShare = 0.55;
const largeClusterNodes = 50;
const gapMs = 10_000;
const cautiousGapMs = 100_000;

export function zoneOf({ metadata: { labels = {} } }: Node): string {
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;
}

export function planZones(nodes: readonly Node[], isWell: (node: Node) => boolean): Map<string, Zone> {
  return new Map([...Map.groupBy(nodes, zoneOf)].map(([zone, members]) => [zone, judge(members, isWell)]));
}

function judge(members: readonly Node[], isWell: (node: Node) => boolean): Zone {
  const unwell = members.filter((node) => !isWell(node)).length;
  const nodes = members.length;
  if (unwell === nodes) return { state: 'disrupted', nodes };
  const isPartly = unwell > 2 && unwell / nodes >= unhealthyShare;
  return { state: isPartly ? 'partly-disrupted' : 'normal', nodes };
}

/** No node is well anywhere: nobody is driven off anything. */
export function isMasterAlone(zones: ReadonlyMap<string, Zone>): boolean {
  return zones.size > 0 && [...zones.values()].every(({ state }) => state === 'disrupted');
}

/** What lies between two nodes of a zone off which pods are driven; undefined where none are. */
export function drivingGapMs({ state, nodes }: Zone): number | undefined {
  if (state !== 'partly-disrupted') return gapMs;
  return nodes > largeClusterNodes ? cautiousGapMs : undefined;
}
