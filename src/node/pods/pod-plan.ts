// What to do next for a pod. The steps of one plan do not depend on each other and are done together; then the world is
// looked at again and planned anew, until nothing is left to do but to wait for an event or a time.
//
//   prepare ──► pause created ──► pause running ──► network attached ──► app containers running
//                    │                                                     ▲
//                    └──► images present ──► init containers, one by one ──┘      (app containers are made, not
//                                                                                 started, while the pod is wired)
//   being deleted: leave ──(out of all services)──► stop ──(grace over)──► kill ──► all removed, network detached ──► files and API object gone
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { type ObservedContainer, pauseName } from '../runtime.ts';
import {
  attemptsOf,
  isOver,
  isRestarted,
  latestOf,
  livingPause,
  nextAttempt,
  nextBackoffSeconds,
  pausesOf,
  pendingInit,
  restartAtMs,
  runningContainers,
} from './pod-progress.ts';
import type { PodView } from './pod-view.ts';
import { hasTokens } from './projected-volume.ts';

export type Step =
  | { kind: 'prepare' }
  | { kind: 'renewTokens' }
  | { kind: 'createPause'; attempt: number }
  | { kind: 'startPause'; id: string }
  | { kind: 'attach'; pauseId: string; pid: number }
  | { kind: 'detach' }
  | { kind: 'ensureImage'; container: string }
  | { kind: 'create'; container: string; attempt: number; backoffSeconds: number; pauseId: string }
  | { kind: 'start'; container: string; id: string }
  | { kind: 'stop'; container: string; id: string; signal: string }
  | { kind: 'kill'; container: string; id: string }
  | { kind: 'remove'; id: string }
  | { kind: 'tellBackoff'; container: string; id: string }
  | { kind: 'tellImageBackoff'; container: string }
  | { kind: 'tellPauseLost' }
  /** Removes the pod's files and, where the API still has it, the pod. */
  | { kind: 'forget' };

export interface Plan {
  steps: Step[];
  /** When to plan again although nothing happens. */
  wakeAtMs: number | undefined;
}

/** What a pod gets that was removed from the API before it ended. */
const orphanGraceMs = 1_000;
/** A kill that shows no effect is tried again. */
const killAgainMs = 10_000;
/** ErrImagePull is shown this long before it becomes ImagePullBackOff. */
export const pullErrorShownMs = 2_000;

export function planPod(view: PodView, nowMs: number): Plan {
  const { pod, containers } = view;
  const planner = new Planner(view, nowMs);
  if (!pod) planner.remove(orphanGraceMs);
  else if (isBeingDeleted(pod)) planner.remove(graceMs(pod));
  else if (isPodFinished(pod) || isOver(pod, containers)) planner.end(pod);
  else planner.run(pod);
  return { steps: planner.steps, wakeAtMs: planner.wakeAtMs };
}

function graceMs(pod: Pod): number {
  return Math.max(1, pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
}

/** Its environment holds the pod's address, which therefore has to be known before the container is made. */
function isToldAddress(container: Container): boolean {
  return container.env?.some(({ valueFrom }) => valueFrom?.fieldRef?.fieldPath.startsWith('status.podIP')) ?? false;
}

class Planner {
  readonly steps: Step[] = [];
  wakeAtMs: number | undefined;
  readonly #view: PodView;
  readonly #nowMs: number;

  constructor(view: PodView, nowMs: number) {
    this.#view = view;
    this.#nowMs = nowMs;
  }

  run(pod: Pod): void {
    const { containers } = this.#view;
    const pause = livingPause(containers);
    const strangers = runningContainers(containers).filter(({ pauseId }) => pauseId !== pause?.id);
    if (strangers.length > 0) {
      // The pod's namespaces are gone; what still runs in them has to end before the pod is made anew.
      if (strangers.some(({ id }) => !this.#view.memory.stopping.has(id))) this.steps.push({ kind: 'tellPauseLost' });
      this.#stop(strangers, graceMs(pod));
      return;
    }
    if (!pause && !this.#prepared()) return;
    this.#removeOld(pod, pause);
    this.#runPause(pod, pause);
    for (const container of this.#due(pod)) this.#runContainer(pod, container, pause);
    this.#renewTokens(pod);
  }

  /** Ends a pod of which nothing will be started again: its containers stay for their logs. */
  end(pod: Pod): void {
    const { containers } = this.#view;
    const running = runningContainers(containers);
    if (running.length > 0) this.#stop(running, graceMs(pod));
    else this.#removeAll(pausesOf(containers));
  }

  remove(grace: number): void {
    const { containers, memory } = this.#view;
    const running = runningContainers(containers);
    const leavesUntilMs = memory.leavesUntilMs ?? 0;
    if (running.length > 0 && leavesUntilMs > this.#nowMs) this.#wake(leavesUntilMs);
    else if (running.length > 0) this.#stop(running, grace);
    else if (containers.length > 0) this.#removeAll(containers);
    else if (!memory.gone) this.steps.push({ kind: 'detach' }, { kind: 'forget' });
  }

  #removeAll(containers: readonly ObservedContainer[]): void {
    if (containers.length === 0) return;
    this.steps.push({ kind: 'detach' }, ...containers.map(({ id }) => ({ kind: 'remove' as const, id })));
  }

  #stop(containers: readonly ObservedContainer[], grace: number): void {
    for (const { id, name, stopSignal } of containers) {
      const stopping = this.#view.memory.stopping.get(id);
      if (!stopping) {
        this.steps.push({ kind: 'stop', container: name, id, signal: stopSignal });
        continue;
      }
      const killAtMs = stopping.killedMs === undefined ? stopping.sinceMs + grace : stopping.killedMs + killAgainMs;
      if (this.#nowMs >= killAtMs) this.steps.push({ kind: 'kill', container: name, id });
      else this.#wake(killAtMs);
    }
  }

  #prepared(): boolean {
    const { prepared, mountProblem } = this.#view.memory;
    if (prepared) return true;
    if (mountProblem && mountProblem.retryAtMs > this.#nowMs) this.#wake(mountProblem.retryAtMs);
    else if (!this.steps.some(({ kind }) => kind === 'prepare')) this.steps.push({ kind: 'prepare' });
    return false;
  }

  /** An agent that starts anew looks at the tokens that stand there before it makes others. */
  #renewTokens(pod: Pod): void {
    // Whatever prepares the pod sees to its tokens, too.
    if (!hasTokens(pod) || this.steps.some(({ kind }) => kind === 'prepare')) return;
    const { renewTokensAtMs } = this.#view.memory;
    if (renewTokensAtMs <= this.#nowMs) this.steps.push({ kind: 'renewTokens' });
    else this.#wake(renewTokensAtMs);
  }

  #runPause(pod: Pod, pause: ObservedContainer | undefined): void {
    if (!pause) {
      const [newest] = pausesOf(this.#view.containers);
      this.steps.push({ kind: 'createPause', attempt: newest ? newest.attempt + 1 : 0 });
    } else if (pause.state === 'created') {
      this.steps.push({ kind: 'startPause', id: pause.id });
    } else if (!this.#isWired(pod, pause)) {
      this.steps.push({ kind: 'attach', pauseId: pause.id, pid: pause.pid });
    }
  }

  #isWired(pod: Pod, pause: ObservedContainer): boolean {
    return pod.spec.hostNetwork === true || this.#view.memory.attached?.pauseId === pause.id;
  }

  /** The containers that should be running now: one of the init containers, or the pod's own. */
  #due(pod: Pod): Container[] {
    const init = pendingInit(pod, this.#view.containers);
    return init ? [init] : pod.spec.containers;
  }

  #runContainer(pod: Pod, container: Container, pause: ObservedContainer | undefined): void {
    const { containers } = this.#view;
    const { name } = container;
    const latest = latestOf(containers, name);
    const isHere = latest !== undefined && latest.pauseId === pause?.id;
    if (isHere && latest.state === 'running') return;
    if (isHere && latest.state === 'created') {
      if (pause?.state === 'running' && this.#isWired(pod, pause))
        this.steps.push({ kind: 'start', container: name, id: latest.id });
      return;
    }
    if (latest?.state === 'created') return; // of namespaces that are gone: removed first
    const isInit = pod.spec.initContainers?.some((container) => container.name === name);
    if (latest?.state === 'exited' && !isInit && !isRestarted(pod, latest)) return;
    if (latest?.state === 'exited' && this.#isHeldBack(latest)) return;
    if (!this.#hasImage(name) || !this.#isFreeOfProblems(name) || !this.#prepared() || !pause) return;
    if (isToldAddress(container) && !this.#isWired(pod, pause)) return;
    this.steps.push({
      kind: 'create',
      container: name,
      attempt: nextAttempt(pod, containers, name),
      backoffSeconds: nextBackoffSeconds(latest),
      pauseId: pause.id,
    });
  }

  #isHeldBack(ended: ObservedContainer): boolean {
    const atMs = restartAtMs(ended);
    if (atMs <= this.#nowMs) return false;
    this.#wake(atMs);
    if (!this.#view.memory.toldBackoff.has(ended.id))
      this.steps.push({ kind: 'tellBackoff', container: ended.name, id: ended.id });
    return true;
  }

  #hasImage(container: string): boolean {
    const image = this.#view.memory.images.get(container);
    if (image?.state === 'ready') return true;
    if (image?.state === 'pulling') return false;
    if (!image || image.retryAtMs <= this.#nowMs) {
      this.steps.push({ kind: 'ensureImage', container });
      return false;
    }
    this.#wake(image.retryAtMs);
    if (image.state === 'failed' && !image.told) {
      if (image.failedAtMs + pullErrorShownMs <= this.#nowMs) this.steps.push({ kind: 'tellImageBackoff', container });
      else this.#wake(image.failedAtMs + pullErrorShownMs);
    }
    return false;
  }

  #isFreeOfProblems(container: string): boolean {
    const problem = this.#view.memory.problems.get(container);
    if (!problem || problem.retryAtMs <= this.#nowMs) return true;
    this.#wake(problem.retryAtMs);
    return false;
  }

  /** Of each container the newest is kept and the one before it, for its logs; of pause containers only the living one. */
  #removeOld(pod: Pod, pause: ObservedContainer | undefined): void {
    const { containers } = this.#view;
    const old = pausesOf(containers).filter(({ id }) => id !== pause?.id);
    for (const { name } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers])
      old.push(...attemptsOf(containers, name).slice(2));
    // Made for namespaces that are gone, and never started.
    for (const container of containers)
      if (container.state === 'created' && container.name !== pauseName && container.pauseId !== pause?.id)
        old.push(container);
    for (const id of new Set(old.map((container) => container.id))) this.steps.push({ kind: 'remove', id });
  }

  #wake(atMs: number): void {
    this.wakeAtMs = Math.min(this.wakeAtMs ?? atMs, atMs);
  }
}
