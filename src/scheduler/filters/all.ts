// The filters in the order in which they are asked: the first that refuses a node gives the reasons.
import type { Storage } from '../volumes/claims-of-pod.ts';
import type { Filter } from './filter.ts';
import { hostPortsFilter } from './host-ports.ts';
import { nodeAffinityFilter } from './node-affinity.ts';
import { podAffinityFilter } from './pod-affinity.ts';
import { resourcesFilter } from './resources.ts';
import { taintsFilter } from './taints.ts';
import { topologySpreadFilter } from './topology-spread.ts';
import { unschedulableFilter } from './unschedulable.ts';
import { volumeBindingFilter } from './volume-binding.ts';
import { volumeRestrictionsFilter } from './volume-restrictions.ts';
import { volumeZoneFilter } from './volume-zone.ts';

export function volumeFilters(storage: Storage): readonly Filter[] {
  return [volumeRestrictionsFilter(storage), volumeBindingFilter(storage), volumeZoneFilter(storage)];
}

/** Those of volumes know claims and volumes, and are made for a cluster. */
export function allFilters(ofVolumes: readonly Filter[] = []): readonly Filter[] {
  return [
    unschedulableFilter,
    taintsFilter,
    nodeAffinityFilter,
    hostPortsFilter,
    resourcesFilter,
    ...ofVolumes,
    topologySpreadFilter,
    podAffinityFilter,
  ];
}
