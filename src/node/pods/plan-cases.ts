// How the tables of cases of the planner are run: what is observed of a pod, and the steps that follow, in short.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import type { Step } from './plan.ts';
import { planPod } from './pod-plan.ts';
import { nowMs, sampleContainer, samplePod, sampleView } from './pod-samples.ts';
import type { PodMemory, Stopping } from './pod-view.ts';

export interface PlanCase {
  name: string;
  spec?: Partial<Pod['spec']>;
  metadata?: Partial<Pod['metadata']>;
  phase?: string;
  status?: Partial<Pod['status']>;
  isGone?: boolean;
  has?: ObservedContainer[];
  memory?: Partial<PodMemory>;
  steps: string[];
  wakeInMs?: number;
}

export const initSpec: Partial<Pod['spec']> = {
  initContainers: [{ name: 'init', image: 'busybox' }],
  containers: [{ name: 'main', image: 'nginx' }],
};
export const twoSpec: Partial<Pod['spec']> = {
  containers: [
    { name: 'main', image: 'nginx' },
    { name: 'side', image: 'busybox' },
  ],
};
export const deleted = { deletionTimestamp: '2026-11-20T12:00:30Z', deletionGracePeriodSeconds: 30 };
export const exited = (exitCode: number, changes: Partial<ObservedContainer> = {}) =>
  sampleContainer('main', { state: 'exited', exitCode, ...changes });

/** One that is being stopped and was signalled at once, unless the changes tell otherwise. */
export function stopping(agoMs: number, changes: Partial<Stopping> = {}): Stopping {
  const sinceMs = nowMs - agoMs;
  return {
    sinceMs,
    graceMs: 30_000,
    isReplaced: false,
    inHook: false,
    signalledMs: sinceMs,
    killedMs: undefined,
    ...changes,
  };
}

/** A step in short: its kind, then what it is about. */
function short(step: Step): string {
  switch (step.kind) {
    case 'createPause':
      return `createPause ${step.attempt}`;
    case 'create':
      return `create ${step.container} ${step.attempt} backoff ${step.backoffSeconds}`;
    case 'stop':
      return `stop ${step.id} ${step.graceMs / 1000}s${step.runsHook ? ' with hook' : ''}${step.isReplaced ? ' and again' : ''}: ${step.message}`;
    case 'shortenGrace':
      return `shortenGrace ${step.id} ${step.graceMs / 1000}s`;
    case 'terminate':
      return `terminate ${step.id} ${step.signal}`;
    case 'ensureImage':
    case 'tellImageBackoff':
      return `${step.kind} ${step.container}`;
    case 'start':
    case 'startPause':
    case 'postStart':
    case 'resize':
    case 'kill':
    case 'remove':
    case 'tellBackoff':
      return `${step.kind} ${step.id}`;
    default:
      return step.kind;
  }
}

export function testPlans(groups: Record<string, PlanCase[]>): void {
  for (const [group, cases] of Object.entries(groups)) {
    for (const { name, spec, metadata, phase, status, isGone, has = [], memory, steps, wakeInMs } of cases) {
      test(`${group}: ${name}`, () => {
        const pod = samplePod(spec, metadata);
        pod.status = { ...pod.status, ...(phase && { phase }), ...status } as Pod['status'];
        const plan = planPod(sampleView(isGone ? undefined : pod, has, memory), nowMs);
        assert.deepEqual(plan.steps.map(short), steps);
        assert.equal(plan.wakeAtMs, wakeInMs === undefined ? undefined : nowMs + wakeInMs);
      });
    }
  }
}
