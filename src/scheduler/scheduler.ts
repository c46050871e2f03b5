// Gives every pending pod a node: keeps the snapshot and the queue up to date by what the informers tell, and works off the
// queue. Holds: a pod's place is taken in the snapshot before the next pod is looked at, so that no room is given out twice;
// and it is given back when the binding fails.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { namespaces } from '../api/kinds/namespace.ts';
import { type Node, nodes } from '../api/kinds/node.ts';
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../api/kinds/persistent-volume-claim.ts';
import { isPodFinished, type Pod, pods } from '../api/kinds/pod.ts';
import { type PodDisruptionBudget, podDisruptionBudgets } from '../api/kinds/pod-disruption-budget.ts';
import { storageClasses } from '../api/kinds/storage-class.ts';
import { Breath } from '../base/breath.ts';
import type { Clock } from '../base/clock.ts';
import { runBeside } from '../base/component.ts';
import { firstBytes } from '../base/first-bytes.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Change, Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { Binder } from './binding/binder.ts';
import { isGated, isWaiting, offersTheSame, schedulerName, takesTheSame, wishesTheSame } from './cluster/relevance.ts';
import { Snapshot } from './cluster/snapshot.ts';
import { allFilters, volumeFilters } from './filters/all.ts';
import type { Filter } from './filters/filter.ts';
import { type Misfit, planPlacement } from './placement/placement.ts';
import { type KinOf, kinFinder } from './pods/kin.ts';
import { type PodDemand, podDemand } from './pods/pod-demand.ts';
import { PodNotes } from './pods/pod-notes.ts';
import { planPreemption, type Victims } from './preemption/preemption-plan.ts';
import { Preemptor } from './preemption/preemptor.ts';
import { Promises } from './preemption/promises.ts';
import { type History, SchedulingQueue } from './queue/scheduling-queue.ts';
import { SchedulerMetrics } from './scheduler-metrics.ts';
import { ClaimBindingStep } from './volumes/claim-binding-step.ts';
import { ClaimedStorage } from './volumes/claimed-storage.ts';

export interface SchedulerContext {
  client: Client;
  informers: Informers;
  log: Log;
  clock: Clock;
  metrics: Metrics;
  recorder(component: string): EventRecorder;
}

/** In bytes: of an event's message, as Kubernetes limits it. */
const longestNote = 1024;

export class Scheduler {
  readonly name = 'scheduler';
  readonly #log: Log;
  readonly #events: EventRecorder;
  readonly #pods: Informer<Pod>;
  readonly #snapshot = new Snapshot();
  readonly #promises = new Promises();
  readonly #queue: SchedulingQueue;
  readonly #filters: readonly Filter[];
  readonly #binder: Binder;
  readonly #notes: PodNotes;
  readonly #preemptor: Preemptor;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #clock: Clock;
  readonly #metrics: SchedulerMetrics;
  /** Pods that wait at the gates that they state. */
  readonly #gated = new Set<string>();
  readonly #kinOf: KinOf;
  #signal: AbortSignal | undefined;
  #isDraining = false;
  #searchBegins = 0;

  constructor(context: SchedulerContext) {
    const { client, informers, clock, log } = context;
    const storage = new ClaimedStorage(informers);
    const claims = new ClaimBindingStep({ client, informers, clock, storage });
    this.#log = log;
    this.#events = context.recorder(schedulerName);
    this.#queue = new SchedulingQueue({ clock, onReady: () => this.#kick() });
    this.#filters = allFilters(volumeFilters(storage));
    this.#notes = new PodNotes({ client, clock, log });
    this.#binder = new Binder({ client, log, events: this.#events, notes: this.#notes, steps: [claims] });
    this.#preemptor = new Preemptor({ client, log, events: this.#events, notes: this.#notes, schedulerName });
    this.#budgets = informers.for(podDisruptionBudgets);
    this.#clock = clock;
    this.#metrics = new SchedulerMetrics(context.metrics, {
      queue: () => this.#queue.counts(),
      gated: () => this.#gated.size,
      refused: () => this.#queue.refused(),
    });
    this.#kinOf = kinFinder(informers);
    this.#pods = informers.for(pods);
    informers.for(namespaces).onChange(({ key, object, previous }) => {
      if (object) this.#snapshot.setNamespace(object);
      else this.#snapshot.removeNamespace(key);
      const hasOtherLabels = !isDeepStrictEqual(object?.metadata.labels, previous?.metadata.labels);
      if (hasOtherLabels) this.#queue.wake({ type: 'namespace', object, previous });
    });
    informers.for(nodes).onChange((change) => this.#nodeChanged(change));
    this.#pods.onChange((change) => this.#podChanged(change));
    informers
      .for(persistentVolumeClaims)
      .onChange(({ object, previous }) => this.#queue.wake({ type: 'claim', object, previous }));
    informers
      .for(persistentVolumes)
      .onChange(({ object, previous }) => this.#queue.wake({ type: 'volume', object, previous }));
    informers
      .for(storageClasses)
      .onChange(({ object, previous }) => this.#queue.wake({ type: 'storage-class', object, previous }));
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#kick();
  }

  #nodeChanged({ key, object, previous }: Change<Node>): void {
    if (object) this.#snapshot.setNode(object);
    else this.#snapshot.removeNode(key);
    const isNews = object && !(previous && offersTheSame(previous, object));
    if (isNews) this.#queue.wake({ type: 'node', object, previous });
    if (!object && previous) this.#queue.wake({ type: 'node-gone', object: previous });
  }

  #podChanged({ key, object, previous }: Change<Pod>): void {
    if (previous && previous.metadata.uid !== object?.metadata.uid) {
      this.#queue.delete(key);
      this.#forget(previous);
    }
    if (object && isGated(object)) this.#gated.add(key);
    else this.#gated.delete(key);
    if (!object) return;
    const { uid = '' } = object.metadata;
    if (isPodFinished(object)) {
      this.#queue.delete(key);
      this.#forget(object);
    } else if (object.spec.nodeName) {
      this.#queue.delete(key);
      this.#placed(object, object.spec.nodeName);
      this.#release(uid, object.spec.nodeName);
    } else if (!isWaiting(object)) {
      this.#queue.delete(key);
      this.#release(uid);
    } else if (this.#snapshot.placedOn(uid) === undefined) {
      this.#recallPromise(object);
      const isSame = previous && wishesTheSame(previous, object);
      if (!isSame || !this.#queue.isWaiting(key)) this.#queue.add(key, object.spec.priority ?? 0);
    }
  }

  /** What was promised in an earlier life of this program holds. */
  #recallPromise(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    const { nominatedNodeName } = pod.status;
    if (nominatedNodeName && !this.#promises.nodeOf(uid)) this.#promises.set(podDemand(pod), nominatedNodeName);
  }

  /** Seen on its node: most often as was assumed. */
  #placed(pod: Pod, nodeName: string): void {
    const { uid = '' } = pod.metadata;
    const previous = this.#snapshot.demandOf(uid);
    if (previous && this.#snapshot.placedOn(uid) === nodeName && takesTheSame(previous.pod, pod)) {
      previous.pod = pod;
      return;
    }
    const demand = podDemand(pod);
    this.#snapshot.place(demand, nodeName);
    this.#queue.wake(previous ? { type: 'pod-changed', pod: demand, previous } : { type: 'pod-placed', pod: demand });
  }

  /** Others may have what was promised to a pod that goes elsewhere, or nowhere. */
  #release(uid: string, boundTo?: string): void {
    const promised = this.#promises.delete(uid);
    if (promised && promised.nodeName !== boundTo) this.#queue.wake({ type: 'pod-gone', pod: promised.demand });
  }

  #forget({ metadata: { uid = '' } }: Pod): void {
    this.#release(uid);
    const demand = this.#snapshot.demandOf(uid);
    if (demand && this.#snapshot.remove(uid)) this.#queue.wake({ type: 'pod-gone', pod: demand });
  }

  /** Begins to work off the queue in the next turn of the event loop: what arrives together is placed together. */
  #kick(): void {
    const signal = this.#signal;
    if (!signal || this.#isDraining) return;
    this.#isDraining = true;
    runBeside(this.#drain(signal), signal, this.#log, this.name);
  }

  async #drain(signal: AbortSignal): Promise<void> {
    try {
      await nextTurn();
      const breath = new Breath();
      for (let next = this.#queue.take(); next && !signal.aborted; next = this.#queue.take()) {
        this.#try(next, signal);
        await breath.pause();
      }
    } finally {
      this.#isDraining = false;
    }
  }

  /** A pod on which the thinking itself fails keeps no other from its node. */
  #try({ key, ...history }: { key: string } & History, signal: AbortSignal): void {
    const pod = this.#pods.get(key);
    if (!pod || !isWaiting(pod)) return;
    try {
      this.#schedule(pod, history, signal);
    } catch (error) {
      this.#log.error('a pod could not be scheduled', { pod: key, error });
      this.#metrics.tried('error', 0);
      this.#queue.retry(podDemand(pod));
    }
  }

  #schedule(pod: Pod, history: History, signal: AbortSignal): void {
    const begunMs = this.#clock.monotonicMs();
    const demand = podDemand(pod, this.#kinOf(pod));
    const placement = planPlacement(demand, this.#snapshot, {
      filters: this.#filters,
      promisedOn: (nodeName) => this.#promises.on(nodeName),
      promised: this.#promises.nodeOf(demand.uid),
      begin: this.#searchBegins,
    });
    this.#searchBegins += placement.looked;
    if (placement.nodeName === undefined) {
      this.#refuse(demand, placement);
      this.#metrics.tried('unschedulable', this.#clock.monotonicMs() - begunMs);
    } else {
      const binding = this.#bind(demand, placement.nodeName, { ...history, begunMs }, signal);
      runBeside(binding, signal, this.#log, 'binding');
    }
  }

  #refuse(demand: PodDemand, misfit: Misfit): void {
    const preemption = planPreemption(demand, misfit, this.#snapshot, {
      filters: this.#filters,
      budgets: this.#budgets.list(),
      promisedOn: (nodeName) => this.#promises.on(nodeName),
      promised: this.#promises.nodeOf(demand.uid),
      nowMs: this.#clock.now(),
    });
    this.#queue.park(demand, misfit.refusedBy);
    this.#metrics.preempted(preemption.nodeName === undefined ? 0 : preemption.pods.length);
    if (preemption.nodeName !== undefined) {
      void this.#preempt(demand, preemption);
      this.#tellRefusal(demand, misfit.message, preemption.nodeName);
    } else {
      const isPromiseOff = !preemption.keepsPromise && misfit.refusals.size > 0;
      if (isPromiseOff) this.#release(demand.uid);
      const message = misfit.refusals.size > 0 ? `${misfit.message} preemption: ${preemption.message}` : misfit.message;
      this.#tellRefusal(demand, message, isPromiseOff ? '' : undefined);
    }
  }

  #tellRefusal({ pod }: PodDemand, message: string, promised: string | undefined): void {
    this.#events.record(pod, {
      type: 'Warning',
      reason: 'FailedScheduling',
      message: firstBytes(message, longestNote),
    });
    void this.#notes.noteUnschedulable(pod, message, promised);
  }

  async #preempt(demand: PodDemand, victims: Victims): Promise<void> {
    for (const lesser of this.#promises.on(victims.nodeName)) {
      if (lesser.priority >= demand.priority) continue;
      this.#promises.delete(lesser.uid);
      void this.#notes.takeBackPromise(lesser.pod);
    }
    this.#promises.set(demand, victims.nodeName);
    const isMade = await this.#preemptor.makeRoom(demand, victims);
    if (!isMade && this.#queue.isWaiting(demand.key)) this.#queue.retry(demand);
  }

  async #bind(
    demand: PodDemand,
    nodeName: string,
    { begunMs, sinceMs, tries }: History & { begunMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    this.#snapshot.place(demand, nodeName);
    this.#release(demand.uid, nodeName);
    this.#queue.wake({ type: 'pod-placed', pod: demand });
    const outcome = await this.#binder.bind(demand, nodeName, signal);
    const nowMs = this.#clock.monotonicMs();
    this.#metrics.tried(outcome === 'bound' ? 'scheduled' : 'error', nowMs - begunMs);
    if (outcome === 'bound') {
      this.#metrics.bound(tries, nowMs - sinceMs);
      return;
    }
    const current = this.#pods.get(demand.key);
    const isSame = current?.metadata.uid === demand.uid;
    if (isSame && current?.spec.nodeName) return this.#placed(current, current.spec.nodeName);
    this.#forget(demand.pod);
    if (outcome === 'failed' && isSame) this.#queue.retry(demand);
  }
}
