// The phase of a pod, by Kubernetes' rules, out of the states of its containers. A pod is not told to have ended while
// anything of it runs.
import { type ContainerStatus, isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import type { Verdict } from './pod-view.ts';

export type Phase = NonNullable<Pod['status']['phase']>;

export interface Statuses {
  /** Of the init containers that run once. */
  init: ContainerStatus[];
  sidecars: ContainerStatus[];
  apps: ContainerStatus[];
}

export function phaseOf(pod: Pod, statuses: Statuses, verdict: Verdict | undefined, isRunning: boolean): Phase {
  if (isPodFinished(pod)) return pod.status.phase ?? 'Failed';
  const isEnding = isBeingDeleted(pod) || verdict !== undefined;
  const phase = ofContainers(pod, statuses, isEnding);
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  if (isRunning) return hasEnded ? (pod.status.phase ?? 'Pending') : phase;
  if (verdict) return 'Failed';
  // What is deleted before it has run has failed.
  return isEnding && !hasEnded ? 'Failed' : phase;
}

function ofContainers(pod: Pod, { init, sidecars, apps }: Statuses, isEnding: boolean): Phase {
  const { restartPolicy } = pod.spec;
  if (init.some(hasFailed) && restartPolicy === 'Never') return 'Failed';
  const stopped = apps.filter(({ state, lastState }) => state?.terminated || (state?.waiting && lastState?.terminated));
  const running = apps.filter(({ state }) => state?.running);
  if (init.some(isPending) || running.length + stopped.length < apps.length) return 'Pending';
  if (running.length > 0 || sidecars.some(({ state }) => state?.running)) return 'Running';
  const succeeded = stopped.every(({ state }) => state?.terminated?.exitCode === 0);
  if (isEnding) return succeeded ? 'Succeeded' : 'Failed';
  if (restartPolicy === 'Always') return 'Running';
  if (succeeded) return 'Succeeded';
  return restartPolicy === 'Never' ? 'Failed' : 'Running';
}

function hasFailed({ state, lastState }: ContainerStatus): boolean {
  const ended = state?.terminated ?? (state?.waiting && lastState?.terminated);
  return ended !== undefined && ended.exitCode !== 0;
}

function isPending({ state, lastState }: ContainerStatus): boolean {
  return state?.running !== undefined || (state?.waiting !== undefined && !lastState?.terminated);
}
