// What a pod asks of a node and of the pods around it, worked out once: the form in which filters and scores look at pods.
import { type HostPort, hostPortsOf } from '../../api/host-ports.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { type NodeChoice, nodeChoice } from '../../api/node-selection.ts';
import { type Amounts, assumedRequests } from '../../api/pod-resources.ts';
import type { Labels } from '../../api/selector.ts';
import { heldRequests } from './held-requests.ts';
import {
  type AffinityTerms,
  affinityTermsOf,
  type PodSelector,
  type SpreadConstraint,
  spreadConstraintsOf,
} from './pod-terms.ts';

export interface PodDemand {
  uid: string;
  key: string;
  namespace: string;
  labels: Labels;
  /** As it was seen last. */
  pod: Pod;
  priority: number;
  isLeaving: boolean;
  /** It has to go for a more important pod, or is going for one already. */
  isDoomed: boolean;
  requests: Amounts;
  assumed: { milliCpu: number; memoryBytes: number };
  hostPorts: HostPort[];
  /** On which nodes it may run, where it says so. */
  choice: NodeChoice | undefined;
  affinity: AffinityTerms;
  spread: readonly SpreadConstraint[];
  /** Those that it is spread with where it says nothing of it. */
  kin: PodSelector | undefined;
}

export function podDemand(pod: Pod, kin?: PodSelector): PodDemand {
  const { uid = '', namespace = '', labels = {} } = pod.metadata;
  return {
    uid,
    key: keyOf(pod),
    namespace,
    labels,
    pod,
    priority: pod.spec.priority ?? 0,
    isLeaving: isBeingDeleted(pod),
    isDoomed: isBeingDeleted(pod) && isPreempted(pod),
    requests: heldRequests(pod),
    assumed: assumedRequests(pod.spec),
    hostPorts: hostPortsOf(pod.spec),
    choice: nodeChoice(pod.spec),
    affinity: affinityTermsOf(pod),
    spread: spreadConstraintsOf(pod),
    kin,
  };
}

function isPreempted({ status }: Pod): boolean {
  return (status.conditions ?? []).some(
    ({ type, status: holds, reason }) =>
      type === 'DisruptionTarget' && holds === 'True' && reason === 'PreemptionByScheduler',
  );
}
