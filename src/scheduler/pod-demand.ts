// What a pod asks of a node, worked out once: the form in which filters and scores look at pods.
import { type HostPort, hostPortsOf } from '../api/host-ports.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { controllerOf, isBeingDeleted } from '../api/meta.ts';
import { type Amounts, assumedRequests, podRequests } from '../api/pod-resources.ts';

export interface PodDemand {
  uid: string;
  pod: Pod;
  requests: Amounts;
  assumed: { milliCpu: number; memoryBytes: number };
  hostPorts: HostPort[];
  /** The owner whose pods shall stand on different nodes; none for a pod that is on its way out. */
  spreadBy: string | undefined;
}

export function podDemand(pod: Pod): PodDemand {
  return {
    uid: pod.metadata.uid ?? '',
    pod,
    requests: podRequests(pod.spec),
    assumed: assumedRequests(pod.spec),
    hostPorts: hostPortsOf(pod.spec),
    spreadBy: isBeingDeleted(pod) ? undefined : controllerOf(pod)?.uid,
  };
}
