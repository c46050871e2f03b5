// Watches over the heartbeats of nodes. A node that shows no sign of life for the grace period is marked Unknown and
// tainted, and its pods not ready; one that reports again loses its taints.
// Holds: silence is measured from when this process saw the last sign, or began to look, by a timer and never by
// comparing clocks. So neither a server that was down nor a clock that jumped makes a living node lost.
import { isDeepStrictEqual } from 'node:util';
import { type Lease, leases, nodeLeaseNamespace } from '../api/kinds/lease.ts';
import { type Node, nodeReadiness, nodes } from '../api/kinds/node.ts';
import { isPodReady, type Pod, pods } from '../api/kinds/pod.ts';
import { isNotFound } from '../api/status.ts';
import { timestamp } from '../base/clock.ts';
import type { Change } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { plannedTaints, silentConditions } from './node-lifecycle-plan.ts';

export function nodeLifecycleController(context: ControllerContext): Controller {
  const { client, informers, clock, nodeGraceMs } = context;
  const log = context.log.named('node-lifecycle');
  const events = context.recorder('node-controller');
  const allNodes = informers.for(nodes);
  const allLeases = informers.for(leases);
  const allPods = informers.for(pods);
  const podsByNode = allPods.indexBy(({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  const queue = new WorkQueue({ name: 'node-lifecycle', log, clock, sync: syncNode, workers: 4 });
  /** Cancels the timer that calls the node silent. */
  const patience = new Map<string, () => void>();
  const silent = new Set<string>();
  let isStarted = false;

  allNodes.onChange(nodeChanged);
  allLeases.onChange(leaseChanged);
  // Its last words may be heard late.
  allPods.onChange(({ object }) => {
    const { nodeName = '' } = object?.spec ?? {};
    if (silent.has(nodeName) && object && isPodReady(object)) queue.add(nodeName);
  });

  function nodeChanged({ key, object, previous }: Change<Node>): void {
    if (!object) {
      patience.get(key)?.();
      patience.delete(key);
      silent.delete(key);
      return;
    }
    if (!previous && isStarted) tell(object, 'RegisteredNode', `Registered Node ${key} in Controller`);
    if (!previous || heartbeatOf(previous) !== heartbeatOf(object)) signOfLife(key);
    queue.add(key);
  }

  function leaseChanged({ object, previous }: Change<Lease>): void {
    if (object?.metadata.namespace !== nodeLeaseNamespace) return;
    const { name } = object.metadata;
    if (allNodes.get(name) && previous?.spec.renewTime !== object.spec.renewTime) signOfLife(name);
  }

  function signOfLife(name: string): void {
    if (!isStarted) return;
    if (silent.delete(name)) queue.add(name);
    patience.get(name)?.();
    const callSilent = () => {
      silent.add(name);
      queue.add(name);
    };
    patience.set(name, clock.after(nodeGraceMs, callSilent));
  }

  async function syncNode(name: string): Promise<void> {
    let node = allNodes.get(name);
    if (!node) return;
    if (silent.has(name) && (await hasRenewedUnseen(name))) signOfLife(name);
    if (silent.has(name)) {
      const conditions = silentConditions(node, clock.now());
      const wasReady = nodeReadiness(node)?.status === 'True';
      node = await client.update(nodes, { ...node, status: { ...node.status, conditions } }, 'status');
      if (wasReady) tell(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      // Before all else: until then services lead to them.
      await Promise.all(podsByNode(name).filter(isPodReady).map(markNotReady));
    }
    const taints = plannedTaints(node, clock.now());
    if (!isDeepStrictEqual(taints, node.spec.taints ?? [])) {
      await client.update(nodes, { ...node, spec: { ...node.spec, taints } });
    }
  }

  /** The watch may lie behind; the API itself has the last word before a node is called lost. */
  async function hasRenewedUnseen(name: string): Promise<boolean> {
    try {
      const lease = await client.get(leases, { namespace: nodeLeaseNamespace, name });
      return lease.spec.renewTime !== allLeases.get(`${nodeLeaseNamespace}/${name}`)?.spec.renewTime;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async function markNotReady(pod: Pod): Promise<void> {
    const lastTransitionTime = timestamp(clock.now());
    const conditions = (pod.status.conditions ?? []).map((condition) =>
      condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime } : condition,
    );
    try {
      await client.update(pods, { ...pod, status: { ...pod.status, conditions } }, 'status');
      events.record(pod, { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  function tell(node: Node, reason: string, message: string): void {
    const text = reason === 'RegisteredNode' ? `Node ${node.metadata.name} event: ${message}` : message;
    events.record(node, { type: 'Normal', reason, message: text });
  }

  return {
    name: 'node-lifecycle',
    start: (signal) => {
      isStarted = true;
      for (const { metadata } of allNodes.list()) signOfLife(metadata.name);
      signal.addEventListener('abort', () => {
        for (const cancel of patience.values()) cancel();
      });
      queue.start(signal);
    },
  };
}

/** The other sign of life: what the agent posts of the node itself. */
function heartbeatOf(node: Node): string | undefined {
  return nodeReadiness(node)?.lastHeartbeatTime;
}
