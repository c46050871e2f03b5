// Whether a pod that was given to this node can run on it. Others may have given it more than it has, or it may have changed
// since; a pod that cannot run is refused, never left waiting.
import { isCriticalPod } from '../api/critical-pod.ts';
import { collide, hostPortsOf } from '../api/host-ports.ts';
import type { Node } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { qosClassOf } from '../api/kinds/pod-spec/qos.ts';
import { selectsNode } from '../api/node-selection.ts';
import { type Amounts, add, amountsOf, podRequests } from '../api/pod-resources.ts';
import { isExtendedResource } from '../api/resource-names.ts';
import { tolerates, untoleratedTaint } from '../api/taints.ts';
import type { Verdict } from './pods/pod-view.ts';
import type { Pressure } from './pressure/pressure.ts';
import { sysctlFault } from './sysctl-rules.ts';

export interface NodeRoom {
  /** Undefined until the API has told of it: then what it says of itself is not asked for. */
  node: Node | undefined;
  allocatable: Record<string, string>;
  pressures: ReadonlySet<Pressure>;
  isShuttingDown: boolean;
  /** Kernel settings that pods may have beside the safe ones. */
  allowedUnsafeSysctls: readonly string[];
}

export type Admission = { isAdmitted: true; preempted: Pod[] } | { isAdmitted: false; verdict: Verdict; told: string };

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const;

/** The pods that are here have been admitted and have not ended. */
export function admit(pod: Pod, here: readonly Pod[], room: NodeRoom): Admission {
  const refusal = room.isShuttingDown
    ? shuttingDown
    : (underPressure(pod, room) ?? misset(pod, room) ?? misplaced(pod, here, room));
  if (refusal) return refused(refusal);
  const lack = lackOf(pod, here, room);
  if (!lack) return { isAdmitted: true, preempted: [] };
  const preempted = isCriticalPod(pod) ? victimsFor(pod, here, room) : undefined;
  return preempted ? { isAdmitted: true, preempted } : refused(lack);
}

function refused({ reason, message }: Verdict): Admission {
  return { isAdmitted: false, verdict: { reason, message: `Pod was rejected: ${message}` }, told: message };
}

const shuttingDown: Verdict = { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };

/** With too little memory those come in that say how much they take; with too little disk or too many processes nobody. */
function underPressure(pod: Pod, { pressures }: NodeRoom): Verdict | undefined {
  if (pressures.size === 0 || isCriticalPod(pod)) return undefined;
  const names = [...pressures];
  if (names.every((name) => name === 'MemoryPressure')) {
    const bears = (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, memoryTaint));
    if (qosClassOf(pod.spec) !== 'BestEffort' || bears) return undefined;
  }
  return { reason: 'Evicted', message: `The node had condition: [${names.join(' ')}]. ` };
}

function misset(pod: Pod, { allowedUnsafeSysctls }: NodeRoom): Verdict | undefined {
  const fault = sysctlFault(pod, allowedUnsafeSysctls);
  return fault ? { reason: 'SysctlForbidden', message: `forbidden sysctl: ${fault}` } : undefined;
}

function misplaced(pod: Pod, here: readonly Pod[], { node }: NodeRoom): Verdict | undefined {
  if ((pod.spec.os?.name ?? 'linux') !== 'linux') return foreignSystem;
  if (node && !selectsNode(pod.spec, node))
    return predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  const taint = node && untoleratedTaint(node.spec.taints ?? [], pod.spec.tolerations ?? [], ['NoExecute']);
  if (taint) return predicate('TaintToleration', `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
  const taken = here.flatMap(({ spec }) => hostPortsOf(spec));
  if (hostPortsOf(pod.spec).some((wanted) => taken.some((port) => collide(wanted, port))))
    return predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  return undefined;
}

const foreignSystem: Verdict = {
  reason: 'PodOSNotSupported',
  message: "Failed to admit pod as the OS field doesn't match node OS",
};

function predicate(reason: string, why: string): Verdict {
  return { reason, message: `Predicate ${reason} failed: ${why}` };
}

function lackOf(pod: Pod, here: readonly Pod[], { allocatable }: NodeRoom): Verdict | undefined {
  const capacity = amountsOf(allocatable);
  const used = usedBy(here);
  for (const [resource, requested] of Object.entries(demandOf(pod))) {
    // What this node does not tell of is counted elsewhere.
    if (isExtendedResource(resource) && capacity[resource] === undefined) continue;
    const room = capacity[resource] ?? 0;
    if (requested === 0 || requested <= room - (used[resource] ?? 0)) continue;
    const amounts = `requested: ${requested}, used: ${used[resource] ?? 0}, capacity: ${room}`;
    return { reason: `OutOf${resource}`, message: `Node didn't have enough resource: ${resource}, ${amounts}` };
  }
  return undefined;
}

function demandOf(pod: Pod): Amounts {
  return { pods: 1, ...podRequests(pod.spec) };
}

function usedBy(pods: readonly Pod[]): Amounts {
  const used: Amounts = {};
  for (const pod of pods) add(used, demandOf(pod));
  return used;
}

/** As few as will do, those that matter least first; undefined where there are not enough of them. */
function victimsFor(pod: Pod, here: readonly Pod[], room: NodeRoom): Pod[] | undefined {
  const priority = (each: Pod) => each.spec.priority ?? 0;
  const candidates = here
    .filter((each) => !isCriticalPod(each) && priority(each) < Math.max(priority(pod), 1))
    .sort((one, other) => priority(one) - priority(other));
  const without = (gone: readonly Pod[]) => here.filter((each) => !gone.includes(each));
  const enough = candidates.findIndex((_, index) => !lackOf(pod, without(candidates.slice(0, index + 1)), room));
  if (enough < 0) return undefined;
  let victims = candidates.slice(0, enough + 1);
  for (const victim of [...victims]) {
    // Who turned out not to be needed stays.
    const others = victims.filter((each) => each !== victim);
    if (!lackOf(pod, without(others), room)) victims = others;
  }
  return victims;
}
