// Keeps the pods of this node as they are meant to be: one worker a pod, the latest state wins.
//
//   API ──► desired pods ─┐                            ┌─► steps (containers, network, files)
//                         ├─► view ─► planPod ─► plan ─┤
//   Docker ─► watch ──────┘              ▲             └─► status to the API
//                                        └── again, until nothing is left to do
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { type Amounts, add, amountsOf, podRequests } from '../../api/pod-resources.ts';
import { type Clock, momentOf, pastMonotonicOf } from '../../base/clock.ts';
import { runBeside } from '../../base/component.ts';
import type { Log } from '../../base/log.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import type { Admission } from '../admission.ts';
import { Prober } from '../probes/prober.ts';
import type { Series } from '../stats/exposition.ts';
import type { MeasuredVolume } from '../stats/volume-rooms.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { ContainerWatch, ContainerWatchOptions } from './container-watch.ts';
import type { DesiredPods } from './desired-pods.ts';
import { leave } from './leaving.ts';
import type { Step } from './plan.ts';
import { planPod } from './pod-plan.ts';
import { isOver, unlessRevived } from './pod-progress.ts';
import { podStatus } from './pod-status.ts';
import { PodSteps } from './pod-steps.ts';
import { newPodMemory, type PodMemory, type PodView, type Verdict } from './pod-view.ts';
import { agreedPod, heldPod, type NodeRoom } from './resize.ts';
import { StatusWriter } from './status-writer.ts';
import type { PodStepsOptions } from './step.ts';
import { observeMessages } from './termination-message.ts';
import { unsupportedFeatures } from './unsupported-features.ts';
import { verdictOn } from './verdict.ts';

const workers = 4;
/** A pod whose step hangs holds up no other. */
const patienceMs = 10_000;
const preempted: Verdict = {
  reason: 'Preempting',
  message: 'Preempted in order to admit critical pod',
  disruption: 'Pod was preempted by Kubelet to accommodate a critical pod',
};
/** More rounds than a pod takes: one that needs more plans the same again and again, as a rule. It has to wait then. */
const mostRounds = 40;
const restMs = 1_000;

export interface PodAgentOptions extends Omit<PodStepsOptions, 'watch' | 'volumes'> {
  desired: DesiredPods;
  /** Makes the volumes, which tell when what a pod uses has changed. */
  volumes(onChange: (podUid: string) => void): PodVolumes;
  /** Makes the watch that tells of changes, and of all that Docker has before anything is planned by it. */
  watch(heard: Required<Pick<ContainerWatchOptions, 'onChange' | 'onListed' | 'onCurrent'>>): ContainerWatch;
  /** Whether the node takes a pod beside those that it has. */
  admit(pod: Pod, here: readonly Pod[]): Admission;
  /** Told how long a pod was worked on. */
  onSynced?(seconds: number): void;
  log: Log;
  clock: Clock;
}

export class PodAgent {
  readonly #options: PodAgentOptions;
  readonly #watch: ContainerWatch;
  readonly #volumes: PodVolumes;
  readonly #steps: PodSteps;
  readonly #status: StatusWriter;
  readonly #prober: Prober;
  readonly #queue: WorkQueue;
  readonly #memories = new Map<string, PodMemory>();
  #swept: Promise<void> = Promise.resolve();

  constructor(options: PodAgentOptions) {
    const { log, clock } = options;
    this.#options = options;
    const sync = async (uid: string, signal: AbortSignal) => {
      const begunMs = clock.monotonicMs();
      await this.#sync(uid, signal);
      options.onSynced?.((clock.monotonicMs() - begunMs) / 1000);
    };
    this.#queue = new WorkQueue({ name: 'pods', log, clock, workers, patienceMs, sync });
    this.#watch = options.watch({
      onChange: (podUid) => this.#queue.add(podUid),
      onListed: () =>
        this.#endForgotten().catch((error: unknown) => log.warn('what Docker has forgotten may run on', { error })),
      onCurrent: () => this.#lookAtAll(),
    });
    this.#volumes = options.volumes((podUid) => this.#usesChange(podUid));
    this.#steps = new PodSteps({ ...options, watch: this.#watch, volumes: this.#volumes });
    this.#status = new StatusWriter({ client: options.client, clock, log });
    this.#prober = new Prober({ ...options, onVerdict: (podUid) => this.#queue.add(podUid) });
  }

  async start(signal: AbortSignal): Promise<void> {
    const { desired, log } = this.#options;
    runBeside(this.#watch.run(signal), signal, log, 'containers');
    await Promise.all([this.#volumes.start(signal), this.#watch.listed, desired.start((uid) => this.#queue.add(uid))]);
    signal.throwIfAborted();
    this.#lookAtAll();
    this.#queue.start(signal);
    signal.addEventListener('abort', () => this.#prober.stop(), { once: true });
    runBeside(this.#sweep(signal), signal, log, 'sweep');
  }

  /** Those that have containers, and those that are to have some. */
  #lookAtAll(): void {
    for (const uid of [...this.#watch.podUids(), ...this.#options.desired.uids()]) this.#queue.add(uid);
  }

  /** All pods of this node, as they are told to the API. */
  pods(): Pod[] {
    const { desired } = this.#options;
    return desired.uids().flatMap((uid) => {
      const pod = desired.get(uid);
      return pod ? [this.#status.newest(pod)] : [];
    });
  }

  /** Ends a pod for good, and tells why. */
  end(pod: Pod, verdict: Verdict, told = verdict.message): void {
    const { uid = '' } = pod.metadata;
    const memory = this.#memoryOf(uid);
    if (memory.verdict) return;
    memory.verdict = verdict;
    this.#options.recorder.record(pod, { type: 'Warning', reason: verdict.reason, message: told });
    this.#queue.add(uid);
  }

  /** Whether it is over and the API knows, or nothing is left of it to end and the API cannot be told. */
  hasEnded(pod: Pod): boolean {
    const { uid = '' } = pod.metadata;
    const isReleased = this.#memories.get(uid)?.released === true;
    return isPodFinished(this.#status.newest(pod)) || (isReleased && this.#status.isAway);
  }

  /** Removes what Docker keeps of pods that are over, for their logs: others need the room more. */
  async removeEnded(signal: AbortSignal): Promise<void> {
    const { desired, log } = this.#options;
    for (const pod of desired.all()) {
      const { uid = '' } = pod.metadata;
      if (!this.#watch.current || !this.#isOverWithout(pod)) continue;
      const view = this.#view(uid);
      const exited = view.containers.filter(({ state }) => state === 'exited');
      const steps = exited.map(({ id }) => ({ kind: 'remove' as const, id }));
      await this.#perform(steps, uid, view, signal).catch((error: unknown) =>
        log.warn('what is left of a pod cannot be removed', { pod: keyOf(pod), error }),
      );
    }
  }

  /** Whether it is known to be over without its containers: one of which only they say so would be begun anew. */
  #isOverWithout(pod: Pod): boolean {
    if (this.#options.desired.isStatic(pod)) return false;
    return this.#memories.get(pod.metadata.uid ?? '')?.verdict ? this.hasEnded(pod) : isPodFinished(pod);
  }

  /** The pods that have been let in and have not ended, as the node has agreed to run them. */
  active(): Pod[] {
    const nowMs = this.#options.clock.monotonicMs();
    return this.pods().flatMap((pod) => {
      const memory = this.#memories.get(pod.metadata.uid ?? '');
      const isActive = memory?.isAdmitted && !isPodFinished(pod) && !verdictOn(pod, memory, nowMs);
      return isActive ? [heldPod(pod, memory.agreed)] : [];
    });
  }

  /** The volumes of a pod whose room is told. */
  measuredVolumes(pod: Pod): Promise<MeasuredVolume[]> {
    return this.#volumes.measured(pod);
  }

  /** How often each probe of its pods was run. */
  probeCounts(): Series[] {
    return this.#prober.counts();
  }

  /** How long no pod has been looked after although some wait for it. */
  stalledMs(): number {
    return this.#queue.stalledMs();
  }

  containers(): ContainerWatch {
    return this.#watch;
  }

  /**
   * A Docker that was killed, or whose disk was full, may come back without a container that runs: it would run on beside
   * the one that is made for it.
   */
  async #endForgotten(): Promise<void> {
    const { files, groups, runtime } = this.#options;
    const forgotten = new Set<string>();
    for (const uid of new Set([...(await files.podUids()), ...this.#watch.podUids()]))
      for (const id of await groups.startedIn(uid)) if (!this.#watch.get(id)) forgotten.add(id);
    if (forgotten.size > 0) await runtime.endLost(forgotten);
  }

  /** Takes back what a crash left behind of pods that are gone: links, addresses, mounts, files. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { desired, network, groups, files } = this.#options;
    const volumes = this.#volumes;
    await desired.synced;
    if (signal.aborted) return;
    const known = new Set([...desired.uids(), ...this.#watch.podUids()]);
    const sweep = async () => {
      await network.detachAllBut(known);
      for (const uid of new Set([...(await files.podUids()), ...(await volumes.podUids())])) {
        if (known.has(uid)) continue;
        await volumes.release(uid);
        await groups.remove(uid);
        await files.remove(uid);
      }
      await groups.adopt(this.#agreedPods(), (uid) => this.#watch.of(uid));
    };
    // Pods that come meanwhile wait: what they get would be taken for left behind.
    const swept = sweep();
    this.#swept = swept.catch(() => {});
    await swept;
    for (const uid of this.#watch.podUids()) this.#queue.add(uid);
  }

  async #sync(uid: string, signal: AbortSignal): Promise<void> {
    const { clock, desired } = this.#options;
    await this.#swept;
    for (let round = 0; round < mostRounds && !signal.aborted; round += 1) {
      // What is not known for certain is not acted on: whoever finds out adds the pod again.
      if (!this.#watch.current || (!desired.get(uid) && !desired.isComplete)) return;
      if (this.#isForgotten(uid)) return;
      const view = this.#view(uid);
      if (view.containers.some(({ state }) => state === 'unknown')) {
        this.#tellUnseen(view);
        return;
      }
      this.#admit(view);
      await observeMessages(view, this.#options);
      this.#tellUnsupported(view);
      this.#prober.follow(uid, view);
      const { steps, wakeAtMs } = planPod(view, clock.monotonicMs());
      const isEnding = view.pod && (isBeingDeleted(view.pod) || isOver(view.pod, view, clock.monotonicMs()));
      if (steps.length === 0 || isEnding) await this.#writeStatus(uid, view);
      if (steps.length === 0) {
        if (wakeAtMs !== undefined) this.#queue.addAfter(uid, Math.max(0, wakeAtMs - clock.monotonicMs()));
        if (view.memory.gone && (!view.pod || desired.isStatic(view.pod))) this.#forget(uid);
        return;
      }
      await this.#perform(steps, uid, view, signal);
    }
    if (!signal.aborted) this.#queue.addAfter(uid, restMs);
  }

  /** Of a pod of which nothing is left something late may still be heard. */
  #isForgotten(uid: string): boolean {
    return !this.#memories.has(uid) && !this.#options.desired.get(uid) && this.#watch.of(uid).length === 0;
  }

  #view(uid: string): PodView {
    const { desired } = this.#options;
    const memory = this.#memoryOf(uid);
    const found = desired.get(uid);
    const containers = this.#watch.of(uid);
    const pod = found && this.#unlessRevived(found, { containers, memory });
    // What is told by then is of an agent before this one: told later it is of this one, and the same.
    if (pod) memory.startedMs ??= this.#startOf(pod, memory);
    if (pod && isBeingDeleted(pod) && memory.leavesUntilMs === undefined)
      leave(pod, memory, this.#options, () => this.#queue.add(uid));
    const { agreed } = memory;
    const given = pod && agreedPod(pod, memory, this.#roomBeside(uid));
    if (memory.agreed !== agreed) this.#retryDeferred();
    return { pod: given, containers, memory };
  }

  /** The mirror of a static pod tells how it ended with its node; that it has is for its containers to say, and for this agent. */
  #unlessRevived(pod: Pod, view: Omit<PodView, 'pod'>): Pod {
    const { clock, desired } = this.#options;
    return desired.isStatic(pod) ? unlessRevived(pod, view, clock.monotonicMs()) : pod;
  }

  #startOf({ status }: Pod, { firstSeenMs }: PodMemory): number {
    const toldMs = Date.parse(status.startTime ?? '');
    return Number.isNaN(toldMs) ? firstSeenMs : pastMonotonicOf(toldMs, this.#options.clock);
  }

  #memoryOf(uid: string): PodMemory {
    const memory = this.#memories.get(uid) ?? newPodMemory(this.#options.clock.monotonicMs());
    this.#memories.set(uid, memory);
    return memory;
  }

  /** Who has been told to have begun, or has containers, was let in by an agent before. */
  #admit({ pod, containers, memory }: PodView): void {
    if (!pod || memory.isAdmitted || memory.verdict || isPodFinished(pod)) return;
    if (pod.status.startTime === undefined && containers.length === 0 && !isBeingDeleted(pod)) {
      const admission = this.#options.admit(pod, this.active());
      if (!admission.isAdmitted) {
        this.end(pod, admission.verdict, admission.told);
        return;
      }
      for (const victim of admission.preempted) this.end(victim, preempted);
    }
    memory.isAdmitted = true;
  }

  /** Those that run and are to go on, as the node has agreed to run them. Of one that is going what is made may stay behind it. */
  #agreedPods(): Pod[] {
    const agreed = this.#options.desired.uids().flatMap((uid) => this.#view(uid).pod ?? []);
    return agreed.filter((pod) => !isPodFinished(pod) && !isBeingDeleted(pod));
  }

  #roomBeside(uid: string): NodeRoom {
    const { allocatable, desired } = this.#options;
    const used = () => {
      const sum: Amounts = {};
      for (const other of desired.uids()) {
        const pod = desired.get(other);
        const { agreed, released } = this.#memories.get(other) ?? {};
        const isHere = pod && other !== uid && !isPodFinished(pod) && !released;
        if (isHere) add(sum, podRequests(heldPod(pod, agreed).spec));
      }
      return sum;
    };
    return { allocatable: () => amountsOf(allocatable()), used };
  }

  /** Where there was no room there may be now. */
  #retryDeferred(): void {
    for (const [uid, { pendingResize }] of this.#memories)
      if (pendingResize?.reason === 'Deferred') this.#queue.add(uid);
  }

  /** What the pod uses of the API is not what it was: whatever failed for that reason is worth another try. */
  #usesChange(uid: string): void {
    const memory = this.#memories.get(uid);
    if (!memory) return;
    memory.refreshVolumesAtMs = 0;
    if (memory.mountProblem) memory.mountProblem.retryAtMs = 0;
    for (const problem of memory.problems.values())
      if (problem.reason === 'CreateContainerConfigError') problem.retryAtMs = 0;
    this.#queue.add(uid);
  }

  /** All steps at once; when one fails the others are still waited for. */
  async #perform(steps: Step[], uid: string, view: PodView, signal: AbortSignal): Promise<void> {
    const { pod } = view;
    const work = { uid, view, pod, signal, planAgain: () => this.#queue.add(uid) };
    const outcomes = await Promise.allSettled(steps.map((step) => this.#steps.perform(step, work)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (view.memory.released) this.#retryDeferred();
    if (!failed) return;
    await this.#writeStatus(uid, view);
    throw failed.reason;
  }

  async #writeStatus(uid: string, { pod, containers, memory }: PodView): Promise<void> {
    if (!pod || memory.gone) return;
    const { clock, hostAddress } = this.#options;
    const shown = this.#options.desired.shownAs(pod);
    if (!shown) return; // whoever shows it tells when it is there
    const told = { ...pod, status: this.#status.newest(shown).status };
    const newest = this.#unlessRevived(told, { containers, memory });
    // Once its containers have been removed there is nothing new to tell of a pod.
    if (isBeingDeleted(pod) && containers.length === 0 && isPodFinished(newest)) return;
    const status = podStatus(newest, { pod: newest, containers, memory }, hostAddress, momentOf(clock));
    // A pod is looked after even where nobody can be told.
    const retryMs = await this.#status.write(shown, status);
    if (retryMs !== undefined) this.#queue.addAfter(uid, retryMs);
  }

  #tellUnsupported({ pod, memory }: PodView): void {
    if (!pod || memory.toldUnsupported) return;
    memory.toldUnsupported = true;
    const features = unsupportedFeatures(pod);
    if (features.length === 0) return;
    const message = `This agent does not do yet: ${features.join(', ')}`;
    this.#options.recorder.record(pod, { type: 'Warning', reason: 'Unsupported', message });
  }

  #tellUnseen({ pod }: PodView): void {
    const message = 'error determining status: a container of the pod cannot be inspected';
    if (pod) this.#options.recorder.record(pod, { type: 'Warning', reason: 'FailedSync', message });
  }

  #forget(uid: string): void {
    this.#memories.delete(uid);
    this.#status.forget(uid);
    this.#options.desired.ended(uid);
  }
}
