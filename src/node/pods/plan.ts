// What there is to do for a pod, step by step, and the draft into which all parts of the planner write.
import type { PodView } from './pod-view.ts';

export type Step =
  | { kind: 'prepare' }
  /** Brings up to date what volumes show of the API. */
  | { kind: 'refreshVolumes' }
  /** Takes away the volumes and the control group of a pod that is over. */
  | { kind: 'release' }
  | { kind: 'createPause'; attempt: number }
  | { kind: 'startPause'; id: string }
  | { kind: 'attach'; pauseId: string; pid: number }
  | { kind: 'detach' }
  | { kind: 'ensureImage'; container: string }
  | { kind: 'create'; container: string; attempt: number; backoffSeconds: number; pauseId: string }
  | { kind: 'start'; container: string; id: string }
  | { kind: 'postStart'; container: string; id: string }
  /** Gives it what was agreed while it runs. */
  | { kind: 'resize'; container: string; id: string }
  /** Says that it is to end, and begins with its preStop hook where it has one. */
  | {
      kind: 'stop';
      container: string;
      id: string;
      graceMs: number;
      message: string;
      isReplaced: boolean;
      runsHook: boolean;
    }
  | { kind: 'shortenGrace'; container: string; id: string; graceMs: number }
  | { kind: 'terminate'; container: string; id: string; signal: string }
  | { kind: 'kill'; container: string; id: string }
  | { kind: 'remove'; id: string }
  | { kind: 'tellBackoff'; container: string; id: string }
  | { kind: 'tellImageBackoff'; container: string }
  | { kind: 'tellPauseLost' }
  | { kind: 'tellDeadline' }
  /** Removes the pod's files and, where the API still has it, the pod. */
  | { kind: 'forget' };

export interface Plan {
  steps: Step[];
  /** When to plan again although nothing happens. */
  wakeAtMs: number | undefined;
}

export class Draft implements Plan {
  readonly steps: Step[] = [];
  readonly view: PodView;
  readonly nowMs: number;
  wakeAtMs: number | undefined;

  constructor(view: PodView, nowMs: number) {
    this.view = view;
    this.nowMs = nowMs;
  }

  add(...steps: Step[]): void {
    this.steps.push(...steps);
  }

  has(kind: Step['kind']): boolean {
    return this.steps.some((step) => step.kind === kind);
  }

  /** Whether the time has come; where it has not, the pod is planned again then. */
  isDue(atMs: number): boolean {
    if (atMs <= this.nowMs) return true;
    this.wakeAtMs = Math.min(this.wakeAtMs ?? atMs, atMs);
    return false;
  }
}
