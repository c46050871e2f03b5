// What the node agent needs of the pod network. The network part implements it; agent.ts joins the two.

export interface PodNetwork {
  /**
   * Wires the network namespace of a pod's pause process: loopback, eth0 with the pod's address, default route.
   * Answers the address: the same one for the same pod, however often it is asked and across restarts.
   */
  attach(podUid: string, pid: number): Promise<string>;
  /** Resolves when this node sends no new connection to the address as long as a service has another to send it to. */
  withdrawn(address: string): Promise<void>;
  /** Takes back the pod's link and address, if it has any. */
  detach(podUid: string): Promise<void>;
  /** Takes back what belongs to pods other than these: what a crash left behind. */
  detachAllBut(podUids: ReadonlySet<string>): Promise<void>;
}
