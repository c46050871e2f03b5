// Watches over the heartbeats of nodes. A node that shows no sign of life for the grace period is marked Unknown and
// tainted, and its pods not ready; one that reports again loses its taints. Pods are driven off one node after the other.
// Holds: silence is measured from when this process saw the last sign, or began to look, in its own beats. So neither a
// server that was down or stood still nor a clock that jumped makes a living node lost.
import { isDeepStrictEqual } from 'node:util';
import { type Lease, leases, nodeLeaseNamespace } from '../../api/kinds/lease.ts';
import { type Node, nodeReadiness, nodes } from '../../api/kinds/node.ts';
import { isPodReady, type Pod, pods } from '../../api/kinds/pod.ts';
import { isNotFound } from '../../api/status.ts';
import { timestamp } from '../../base/clock.ts';
import type { Change } from '../../client/informer.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isDrivenOff, isToBeDrivenOff, plannedTaints, silentConditions } from './node-lifecycle-plan.ts';
import { NodeSilence } from './node-silence.ts';
import { drivingGapMs, isMasterAlone, planZones, type Zone, zoneOf } from './zone-plan.ts';

export function nodeLifecycleController(context: ControllerContext): Controller {
  const { client, informers, clock, nodeGraceMs } = context;
  const log = context.log.named('node-lifecycle');
  const events = context.recorder('node-controller');
  const allNodes = informers.for(nodes);
  const allLeases = informers.for(leases);
  const allPods = informers.for(pods);
  const podsByNode = allPods.indexBy(({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  const queue = context.workQueue({ name: 'node-lifecycle', log, clock, sync: syncNode, workers: 4 });
  const silence = new NodeSilence({ clock, graceMs: nodeGraceMs, onSilent: (name) => queue.add(name) });
  let zones = new Map<string, Zone>();
  /** When pods were last driven off a node of a zone. */
  const drivenAtMs = new Map<string, number>();
  let isStarted = false;

  allNodes.onChange(nodeChanged);
  allLeases.onChange(leaseChanged);
  // Its last words may be heard late.
  allPods.onChange(({ object }) => {
    const { nodeName = '' } = object?.spec ?? {};
    if (silence.has(nodeName) && object && isPodReady(object)) queue.add(nodeName);
  });

  function nodeChanged({ key, object, previous }: Change<Node>): void {
    if (isStarted && weight(previous) !== weight(object)) lookAtZones();
    if (!object) {
      silence.forget(key);
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
    if (isStarted && silence.hear(name)) queue.add(name);
  }

  const isWell = (node: Node) => nodeReadiness(node)?.status === 'True' && !silence.has(node.metadata.name);

  /** What of a node counts in its zone. */
  const weight = (node: Node | undefined) => node && `${nodeReadiness(node)?.status} ${zoneOf(node)}`;

  function lookAtZones(): void {
    const wasAlone = isMasterAlone(zones);
    const before = zones;
    zones = planZones(allNodes.list(), isWell);
    // Some are heard again, others may need a while.
    if (wasAlone && !isMasterAlone(zones)) silence.hearAll();
    const isSame = isDeepStrictEqual([...before].map(stateOf), [...zones].map(stateOf));
    if (!isSame) for (const node of allNodes.list()) if (!isWell(node)) queue.add(node.metadata.name);
  }

  /** Books it where the answer is yes; where it is not yet, the node is looked at again. */
  function mayDrive(node: Node): boolean {
    lookAtZones();
    const zone = zones.get(zoneOf(node));
    if (!zone || isMasterAlone(zones)) return false;
    if (isDrivenOff(node)) return true;
    const gapMs = drivingGapMs(zone);
    if (gapMs === undefined) return false;
    const waitMs = (drivenAtMs.get(zoneOf(node)) ?? -gapMs) + gapMs - clock.monotonicMs();
    if (waitMs > 0) queue.addAfter(node.metadata.name, waitMs);
    else drivenAtMs.set(zoneOf(node), clock.monotonicMs());
    return waitMs <= 0;
  }

  async function syncNode(name: string): Promise<void> {
    let node = allNodes.get(name);
    if (!node) return;
    if (silence.has(name) && (await hasRenewedUnseen(name))) signOfLife(name);
    if (silence.has(name)) {
      const conditions = silentConditions(node, clock.now());
      const wasReady = nodeReadiness(node)?.status === 'True';
      node = await client.update(nodes, { ...node, status: { ...node.status, conditions } }, 'status');
      if (wasReady) tell(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      // Before all else: until then services lead to them.
      await Promise.all(podsByNode(name).filter(isPodReady).map(markNotReady));
    }
    await writeTaints(node);
  }

  async function writeTaints(node: Node): Promise<void> {
    const bookedMs = drivenAtMs.get(zoneOf(node));
    const taints = plannedTaints(node, { mayDrive: isToBeDrivenOff(node) && mayDrive(node), nowMs: clock.now() });
    if (isDeepStrictEqual(taints, node.spec.taints ?? [])) return;
    try {
      await client.update(nodes, { ...node, spec: { ...node.spec, taints } });
    } catch (error) {
      if (bookedMs === undefined) drivenAtMs.delete(zoneOf(node));
      else drivenAtMs.set(zoneOf(node), bookedMs);
      throw error;
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
      zones = planZones(allNodes.list(), isWell);
      silence.start(signal);
      queue.start(signal);
    },
  };
}

const stateOf = ([zone, { state }]: [string, Zone]) => `${zone} ${state}`;

/** The other sign of life: what the agent posts of the node itself. */
function heartbeatOf(node: Node): string | undefined {
  return nodeReadiness(node)?.lastHeartbeatTime;
}
