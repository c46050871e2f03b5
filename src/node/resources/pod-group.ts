// The control group of a pod, by Kubernetes' names and rules: where it is, and what all containers of the pod may use together.
import { type QosClass, qosClassOf } from '../../api/kinds/pod-spec/qos.ts';
import type { Container, PodSpec } from '../../api/kinds/pod-spec/types.ts';
import { amountsOf, podLimits, podRequests } from '../../api/pod-resources.ts';
import type { ObservedContainer } from '../runtime.ts';
import { containerResources } from './container-resources.ts';
import { cpuPeriodMicros, cpuQuotaMicros, cpuShares } from './cpu.ts';
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

/** With the limits that containers which run have where these are larger than those that are asked for. */
export function withRunning(spec: PodSpec, containers: readonly ObservedContainer[]): PodSpec {
  const grown = (container: Container): Container => {
    const running = containers.find(({ name, state }) => name === container.name && state === 'running');
    if (!running) return container;
    const { cpuQuotaMicros: quota, memoryBytes } = running.resources;
    const asked = containerResources(container);
    const { resources = {} } = container;
    const { limits = {} } = resources;
    const cpu = isMore(quota, asked.cpuQuotaMicros) ? quota && `${(quota * 1000) / cpuPeriodMicros}m` : limits.cpu;
    const memory = isMore(memoryBytes, asked.memoryBytes) ? memoryBytes && `${memoryBytes}` : limits.memory;
    return { ...container, resources: { ...resources, limits: { ...(cpu && { cpu }), ...(memory && { memory }) } } };
  };
  const { initContainers, containers: apps } = spec;
  return { ...spec, ...(initContainers && { initContainers: initContainers.map(grown) }), containers: apps.map(grown) };
}

/** No limit is more than any. */
function isMore(one = Number.POSITIVE_INFINITY, other = Number.POSITIVE_INFINITY): boolean {
  return one > other;
}
