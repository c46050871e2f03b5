// What a node's conditions mean for it: a silent node's conditions become Unknown, and conditions become taints. Pure.
import { type Node, type NodeCondition, nodeReadiness, type Taint } from '../../api/kinds/node.ts';
import { notReadyTaint, unreachableTaint, unschedulableTaint } from '../../api/taints.ts';
import { timestamp } from '../../base/clock.ts';

/** What an agent reports, and nobody knows of a node that is silent. */
const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export function silentConditions(node: Node, nowMs: number): NodeCondition[] {
  const known = node.status.conditions ?? [];
  const now = timestamp(nowMs);
  const kept = known.map((condition) =>
    reported.includes(condition.type) && condition.status !== 'Unknown'
      ? {
          ...condition,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: now,
        }
      : condition,
  );
  const never = reported
    .filter((type) => !known.some((condition) => condition.type === type))
    .map((type) => ({
      type,
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      lastHeartbeatTime: node.metadata.creationTimestamp ?? now,
      lastTransitionTime: now,
    }));
  return [...kept, ...never];
}

/** Conditions that are bad when they hold, and the taint that keeps new pods away meanwhile. */
const pressures: Record<string, string> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
};

const ownKeys = new Set([notReadyTaint, unreachableTaint, unschedulableTaint, ...Object.values(pressures)]);

const isDriving = ({ key, effect }: Taint) =>
  effect === 'NoExecute' && (key === notReadyTaint || key === unreachableTaint);

/** Whether its pods are driven off already, for whichever reason. */
export const isDrivenOff = ({ spec }: Node): boolean => spec.taints?.some(isDriving) ?? false;

/** Whether its pods would be driven off: a node that has never reported has none. */
export function isToBeDrivenOff(node: Node): boolean {
  const ready = nodeReadiness(node)?.status;
  return ready !== undefined && ready !== 'True';
}

/** The node's taints as they should be; those that are not of conditions stay as they are. */
export function plannedTaints(node: Node, { mayDrive, nowMs }: { mayDrive: boolean; nowMs: number }): Taint[] {
  const known = node.spec.taints ?? [];
  const wanted = wantedTaints(node, mayDrive).map(
    ({ key, effect }) =>
      known.find((taint) => taint.key === key && taint.effect === effect) ?? {
        key,
        effect,
        timeAdded: timestamp(nowMs),
      },
  );
  const isWanted = (taint: Taint) => wanted.includes(taint);
  const kept = known.filter((taint) => isWanted(taint) || !isOurs(taint));
  return [...kept, ...wanted.filter((taint) => !known.includes(taint))];
}

function isOurs(taint: Taint): boolean {
  return taint.effect === 'NoSchedule' ? ownKeys.has(taint.key) : isDriving(taint);
}

function wantedTaints(node: Node, mayDrive: boolean): Taint[] {
  const taints: Taint[] = [];
  const ready = nodeReadiness(node)?.status;
  if (ready !== 'True') {
    const key = ready === 'Unknown' ? unreachableTaint : notReadyTaint;
    taints.push({ key, effect: 'NoSchedule' });
    if (mayDrive && isToBeDrivenOff(node)) taints.push({ key, effect: 'NoExecute' });
  }
  for (const { type, status } of node.status.conditions ?? []) {
    const key = pressures[type];
    if (key && status === 'True') taints.push({ key, effect: 'NoSchedule' });
  }
  if (node.spec.unschedulable) taints.push({ key: unschedulableTaint, effect: 'NoSchedule' });
  return taints;
}
