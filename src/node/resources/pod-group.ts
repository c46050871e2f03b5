// The control group of a pod, by Kubernetes' names and rules: where it is, and what all containers of the pod may use together.
import { type QosClass, qosClassOf } from '../../api/kinds/pod-spec/qos.ts';
import type { PodSpec } from '../../api/kinds/pod-spec/types.ts';
import { amountsOf, podLimits, podRequests } from '../../api/pod-resources.ts';
import { cpuQuotaMicros, cpuShares } from './cpu.ts';
import type { GroupLimits, GroupPath } from './group-tree.ts';

/** The group of all pods, below the one that is named for this agent. */
export const podsGroup = 'kubepods';
/** Guaranteed pods stand beside these, not below: each has what it asked for. */
const classGroups: Record<QosClass, GroupPath> = {
  Burstable: ['burstable'],
  BestEffort: ['besteffort'],
  Guaranteed: [],
};
export const qosClasses = Object.keys(classGroups) as QosClass[];

export function classGroup(root: GroupPath, qosClass: QosClass): GroupPath {
  return [...root, podsGroup, ...classGroups[qosClass]];
}

export function podGroup(root: GroupPath, podUid: string, qosClass: QosClass): GroupPath {
  return [...classGroup(root, qosClass), `pod${podUid}`];
}

/** A limit holds for the pod only where every container has one: else, or where it is zero, there is one that may use whatever there is. */
export function podGroupLimits(spec: PodSpec, mostPids: number | undefined): GroupLimits {
  const qosClass = qosClassOf(spec);
  const limits = podLimits(spec);
  const isLimited = (name: 'cpu' | 'memory') => {
    const stated = amountsOf(spec.resources?.limits)[name];
    const all = [...(spec.initContainers ?? []), ...spec.containers];
    return stated || all.every(({ resources }) => amountsOf(resources?.limits)[name]);
  };
  return {
    cpuShares: cpuShares(qosClass === 'BestEffort' ? 0 : (podRequests(spec).cpu ?? 0)),
    cpuQuotaMicros: isLimited('cpu') ? cpuQuotaMicros(limits.cpu ?? 0) : undefined,
    memoryBytes: isLimited('memory') ? limits.memory || undefined : undefined,
    pids: mostPids,
  };
}
