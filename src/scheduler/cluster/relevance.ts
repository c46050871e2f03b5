// What of pods and nodes the scheduler cares about: most changes of them are no news to it.
import { isDeepStrictEqual } from 'node:util';
import type { Node } from '../../api/kinds/node.ts';
import { type ContainerStatus, isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';

export const schedulerName = 'default-scheduler';

export function isWaiting(pod: Pod): boolean {
  return isOurs(pod) && !pod.spec.schedulingGates?.length;
}

export function isGated(pod: Pod): boolean {
  return isOurs(pod) && Boolean(pod.spec.schedulingGates?.length);
}

function isOurs(pod: Pod): boolean {
  const { nodeName, schedulerName: wanted = schedulerName } = pod.spec;
  return !nodeName && wanted === schedulerName && !isBeingDeleted(pod) && !isPodFinished(pod);
}

/** Whether what of a node decides about pods is the same as before; heartbeats are not among it. */
export function offersTheSame(one: Node, other: Node): boolean {
  return isDeepStrictEqual(offerOf(one), offerOf(other));
}

const offerOf = ({ metadata, spec, status }: Node) => ({
  labels: metadata.labels,
  taints: spec.taints,
  unschedulable: spec.unschedulable ?? false,
  allocatable: status.allocatable,
  readiness: status.conditions?.some(({ type }) => type === 'Ready'),
});

/** Whether what of a pod decides where it fits is the same as before. */
export function wishesTheSame(one: Pod, other: Pod): boolean {
  return isDeepStrictEqual(wishOf(one), wishOf(other));
}

const wishOf = ({ metadata, spec }: Pod) => ({ labels: metadata.labels, spec });

/** What of a pod that has its node others are held against. */
const presenceOf = ({ metadata, spec, status }: Pod) => [
  metadata.labels,
  metadata.deletionTimestamp === undefined,
  spec.containers.map(({ resources }) => resources),
  spec.initContainers?.map(({ resources }) => resources),
  spec.resources,
  status.initContainerStatuses?.map(resourcesTold),
  status.containerStatuses?.map(resourcesTold),
  status.conditions?.find(({ type }) => type === 'PodResizePending')?.reason,
];

const resourcesTold = ({ resources, allocatedResources }: ContainerStatus) => [resources?.requests, allocatedResources];

export function takesTheSame(one: Pod, other: Pod): boolean {
  return isDeepStrictEqual(presenceOf(one), presenceOf(other));
}
