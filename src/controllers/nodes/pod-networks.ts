// Gives every node a network for its pods: a part of the cluster's range that no other node has. The API refuses a
// network that is taken (a node claims it), so that even two servers at once never give the same one twice.
import { addressInRange, rangeSize } from '../../api/cluster-settings.ts';
import { nodes } from '../../api/kinds/node.ts';
import { isConflict } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';

const nodeSuffix = 24;

/** The first network of the range that is not taken, or undefined when all are. */
export function planPodNetwork(clusterCidr: string, taken: ReadonlySet<string>): string | undefined {
  const suffix = Math.max(nodeSuffix, Number(clusterCidr.split('/')[1]));
  const size = 2 ** (32 - suffix);
  for (let offset = 0; offset < rangeSize(clusterCidr); offset += size) {
    const network = `${addressInRange(clusterCidr, offset)}/${suffix}`;
    if (!taken.has(network)) return network;
  }
  return undefined;
}

export function podNetworkController(context: ControllerContext): Controller {
  const { client, informers, clock, settings } = context;
  const log = context.log.named('pod-networks');
  const events = context.recorder('cidrAllocator');
  const allNodes = informers.for(nodes);
  const queue = context.workQueue({ name: 'pod-networks', log, clock, sync: syncNode });
  /** What was given and the cache may not show yet, by node. */
  const given = new Map<string, string>();

  allNodes.onChange(({ key, object }) => {
    if (object?.spec.podCIDR) given.delete(key);
    if (object && !object.spec.podCIDR) queue.add(key);
    if (object) return;
    given.delete(key);
    // Its network is free again, for those who got none.
    for (const node of allNodes.list()) if (!node.spec.podCIDR) queue.add(node.metadata.name);
  });

  async function syncNode(name: string): Promise<void> {
    const taken = new Set([...given.values(), ...allNodes.list().map(({ spec }) => spec.podCIDR ?? '')]);
    for (;;) {
      const node = allNodes.get(name);
      if (!node || node.spec.podCIDR || given.has(name)) return;
      const podCIDR = planPodNetwork(settings.clusterCidr, taken);
      if (!podCIDR) {
        const message = `Node ${name} status is now: CIDRNotAvailable`;
        events.record(node, { type: 'Normal', reason: 'CIDRNotAvailable', message });
        return;
      }
      try {
        const patch = { metadata: { uid: node.metadata.uid }, spec: { podCIDR, podCIDRs: [podCIDR] } };
        await client.patch(nodes, node.metadata, patch);
        if (!allNodes.get(name)?.spec.podCIDR) given.set(name, podCIDR);
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
        // Taken by a node that is not in our copy.
        taken.add(podCIDR);
      }
    }
  }

  return { name: 'pod-networks', start: (signal) => queue.start(signal) };
}
