// What the node agent needs of the pod network. The network part implements it; agent.ts joins the two.
import type { Pod } from '../api/kinds/pod.ts';

/** A port of this host that leads to a pod. */
export interface HostPort {
  protocol: 'tcp' | 'udp';
  /** Empty for all addresses of the host. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
}

export interface PodNetwork {
  /**
   * Wires the network namespace of a pod's pause process: loopback, eth0 with the pod's address, default route.
   * Answers the address: the same one for the same pod, however often it is asked and across restarts.
   */
  attach(podUid: string, pid: number): Promise<string>;
  /** Resolves when what network policies forbid the pod and others with it is in force: nothing may run in it before. */
  guard(podUid: string, address: string, pod: Pod): Promise<void>;
  /** Leads these ports of the host to the pod's address until it is detached. Resolves when that is so. */
  openPorts(podUid: string, address: string, ports: readonly HostPort[]): Promise<void>;
  /** Resolves when this node sends no new connection to the address as long as a service has another to send it to. */
  withdrawn(address: string): Promise<void>;
  /** Takes back the pod's link, address and ports, if it has any. */
  detach(podUid: string): Promise<void>;
  /** Takes back what belongs to pods other than these: what a crash left behind. */
  detachAllBut(podUids: ReadonlySet<string>): Promise<void>;
}
