// Gives every pending pod a node. One pod at a time is placed on the snapshot, without waiting for anything; binding it
// goes on beside the next one. Holds: a pod counts on its node from the moment it was placed there.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Node, nodes } from '../api/kinds/node.ts';
import { isPodFinished, type Pod, type PodCondition, pods } from '../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../api/meta.ts';
import { isConflict, isNotFound } from '../api/status.ts';
import { Breath } from '../base/breath.ts';
import { type Clock, timestamp } from '../base/clock.ts';
import { runBeside } from '../base/component.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Change, Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { planPlacement } from './placement.ts';
import { podDemand } from './pod-demand.ts';
import { SchedulingQueue } from './scheduling-queue.ts';
import { Snapshot } from './snapshot.ts';

export interface SchedulerContext {
  client: Client;
  informers: Informers;
  log: Log;
  clock: Clock;
  recorder(component: string): EventRecorder;
}

const schedulerName = 'default-scheduler';

export class Scheduler {
  readonly name = 'scheduler';
  readonly #context: SchedulerContext;
  readonly #events: EventRecorder;
  readonly #pods: Informer<Pod>;
  readonly #snapshot = new Snapshot();
  readonly #queue: SchedulingQueue;
  #signal: AbortSignal | undefined;
  #draining = false;

  constructor(context: SchedulerContext) {
    this.#context = context;
    this.#events = context.recorder(schedulerName);
    this.#queue = new SchedulingQueue({ clock: context.clock, onReady: () => this.#kick() });
    this.#pods = context.informers.for(pods);
    this.#pods.onChange((change) => this.#podChanged(change));
    context.informers.for(nodes).onChange((change) => this.#nodeChanged(change));
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#kick();
  }

  #nodeChanged({ key, object, previous }: Change<Node>): void {
    if (object) this.#snapshot.setNode(object);
    else this.#snapshot.removeNode(key);
    const isNews = !previous || !isDeepStrictEqual(offerOf(previous), object && offerOf(object));
    if (object && isNews) this.#queue.wake('node-changed');
  }

  #podChanged({ key, object, previous }: Change<Pod>): void {
    if (previous && previous.metadata.uid !== object?.metadata.uid) {
      this.#queue.delete(key);
      this.#forget(previous);
    }
    if (!object) return;
    if (isPodFinished(object)) {
      this.#queue.delete(key);
      this.#forget(object);
    } else if (object.spec.nodeName) {
      this.#queue.delete(key);
      this.#snapshot.place(object, object.spec.nodeName);
    } else if (!isWaiting(object)) {
      this.#queue.delete(key);
    } else if (!this.#snapshot.isPlaced(object.metadata.uid ?? '')) {
      const sameAsBefore = previous && isDeepStrictEqual(wishOf(previous), wishOf(object));
      if (!sameAsBefore || !this.#queue.isParked(key)) this.#queue.add(key, object.spec.priority ?? 0);
    }
  }

  #forget(pod: Pod): void {
    if (this.#snapshot.remove(pod.metadata.uid ?? '')) this.#queue.wake('pod-gone');
  }

  /** Begins to work off the queue in the next turn of the event loop: what arrives together is placed together. */
  #kick(): void {
    const signal = this.#signal;
    if (!signal || this.#draining) return;
    this.#draining = true;
    runBeside(this.#drain(signal), signal, this.#context.log, this.name);
  }

  async #drain(signal: AbortSignal): Promise<void> {
    try {
      await nextTurn();
      const breath = new Breath();
      for (let key = this.#queue.take(); key !== undefined && !signal.aborted; key = this.#queue.take()) {
        this.#place(key);
        await breath.pause();
      }
    } finally {
      this.#draining = false;
    }
  }

  #place(key: string): void {
    const pod = this.#pods.get(key);
    if (!pod || !isWaiting(pod)) return;
    const demand = podDemand(pod);
    const placement = planPlacement(demand, this.#snapshot.rooms());
    if (placement.nodeName === undefined) {
      this.#queue.park(key, pod.spec.priority ?? 0, placement.helpedBy);
      this.#events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message: placement.message });
      void this.#noteUnschedulable(pod, placement.message);
    } else {
      this.#snapshot.place(pod, placement.nodeName, demand);
      void this.#bind(pod, placement.nodeName);
    }
  }

  async #bind(pod: Pod, nodeName: string): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    try {
      await this.#context.client.createThrough(pods, pod.metadata, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace, name, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      });
      const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
      this.#events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
    } catch (error) {
      this.#bindingFailed(pod, error);
    }
  }

  #bindingFailed(pod: Pod, error: unknown): void {
    const current = this.#pods.get(keyOf(pod));
    const isSame = current?.metadata.uid === pod.metadata.uid;
    if (isSame && current?.spec.nodeName) this.#snapshot.place(current, current.spec.nodeName);
    else this.#forget(pod);
    // Gone, or bound by somebody else: not ours any more.
    if (isNotFound(error) || isConflict(error) || this.#signal?.aborted) return;
    this.#context.log.warn('binding failed, trying again', { pod: keyOf(pod), error });
    if (isSame && !current?.spec.nodeName) this.#queue.retry(keyOf(pod), pod.spec.priority ?? 0);
  }

  async #noteUnschedulable(pod: Pod, message: string): Promise<void> {
    const conditions = pod.status.conditions ?? [];
    const known = conditions.find(({ type }) => type === 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return;
    const condition: PodCondition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime:
        (known?.status === 'False' && known.lastTransitionTime) || timestamp(this.#context.clock.now()),
    };
    const others = conditions.filter(({ type }) => type !== 'PodScheduled');
    const status = { ...pod.status, conditions: [...others, condition] };
    try {
      await this.#context.client.update(pods, { ...pod, status }, 'status');
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return; // it has moved on; the next try says what is true then
      this.#context.log.warn('could not note that a pod fits nowhere', { pod: keyOf(pod), error });
    }
  }
}

function isWaiting(pod: Pod): boolean {
  const { nodeName, schedulerName: wanted = schedulerName, schedulingGates = [] } = pod.spec;
  return !nodeName && wanted === schedulerName && schedulingGates.length === 0 && !isBeingDeleted(pod);
}

/** What of a node decides whether pods fit; heartbeats are not among it. */
const offerOf = ({ metadata, spec, status }: Node) => ({
  labels: metadata.labels,
  taints: spec.taints,
  unschedulable: spec.unschedulable ?? false,
  allocatable: status.allocatable,
  readiness: status.conditions?.some(({ type }) => type === 'Ready'),
});

/** What of a pod decides where it fits. */
const wishOf = ({ metadata, spec }: Pod) => ({ labels: metadata.labels, spec });
