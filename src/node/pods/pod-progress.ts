// Where a pod stands, read off its containers: which attempt counts, whether one is to be run again, whether all is over.
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { type ObservedContainer, pauseName } from '../runtime.ts';
import { type PodContainer, podContainers, type Role } from './pod-containers.ts';
import type { PodMemory, PodView } from './pod-view.ts';
import { verdictOn } from './verdict.ts';

export function pausesOf(containers: readonly ObservedContainer[]): ObservedContainer[] {
  return attemptsOf(containers, pauseName);
}

/** The containers made under a name, the newest first. */
export function attemptsOf(containers: readonly ObservedContainer[], name: string): ObservedContainer[] {
  return containers.filter((container) => container.name === name).sort((a, b) => b.attempt - a.attempt);
}

export function latestOf(containers: readonly ObservedContainer[], name: string): ObservedContainer | undefined {
  return attemptsOf(containers, name)[0];
}

/** The pause container that holds the pod's namespaces now. */
export function livingPause(containers: readonly ObservedContainer[]): ObservedContainer | undefined {
  const newest = pausesOf(containers)[0];
  return newest?.state === 'exited' ? undefined : newest;
}

export function runningContainers(containers: readonly ObservedContainer[]): ObservedContainer[] {
  return containers.filter(({ name, state }) => name !== pauseName && state === 'running');
}

export function succeeded(container: ObservedContainer): boolean {
  return container.state === 'exited' && container.exitCode === 0 && !container.startError;
}

export function failed(container: ObservedContainer): boolean {
  return container.state === 'exited' && !succeeded(container);
}

/** The image that the manifest names is another by now. Of a container without this label nobody can tell. */
export function isOutdated({ container }: PodContainer, observed: ObservedContainer): boolean {
  return observed.namedImage !== '' && observed.namedImage !== container.image;
}

/** Whether another is made in place of a container that has ended. */
export function isRestarted(pod: Pod, role: Role, ended: ObservedContainer, memory: PodMemory): boolean {
  const { restartPolicy } = pod.spec;
  if (role === 'ephemeral') return false;
  if (role === 'sidecar' || memory.stopping.get(ended.id)?.isReplaced) return true;
  if (role === 'init') return restartPolicy !== 'Never' && failed(ended);
  return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && failed(ended));
}

/** It runs, its postStart hook is through, and no startup probe has anything against it. */
export function isStarted(
  { container: { lifecycle, startupProbe } }: PodContainer,
  observed: ObservedContainer | undefined,
  { probed, postStart }: PodMemory,
): boolean {
  if (observed?.state !== 'running') return false;
  if (lifecycle?.postStart && postStart.get(observed.id)?.state !== 'done') return false;
  return probed.get(observed.id)?.started ?? !startupProbe;
}

/** Of one that has started. */
export function isReady(
  { container: { readinessProbe } }: PodContainer,
  observed: ObservedContainer | undefined,
  { probed }: PodMemory,
): boolean {
  return probed.get(observed?.id ?? '')?.ready ?? !readinessProbe;
}

/** Nothing of the pod will ever be started again. */
export function isOver(pod: Pod, { containers, memory }: Omit<PodView, 'pod'>, nowMs: number): boolean {
  if (isPodFinished(pod) || verdictOn(pod, memory, nowMs)) return true;
  const listed = podContainers(pod);
  const initFailed = listed.some(({ container: { name }, role }) => {
    const latest = role === 'init' ? latestOf(containers, name) : undefined;
    return latest && failed(latest) && !isRestarted(pod, role, latest, memory);
  });
  const isDone = ({ container: { name }, role }: PodContainer) => {
    const latest = latestOf(containers, name);
    return latest
      ? latest.state === 'exited' && !isRestarted(pod, role, latest, memory)
      : isLost(pod, containers, name);
  };
  return initFailed || listed.filter(({ role }) => role === 'app').every(isDone);
}

/** A static pod without the end that it came to with its node, where this one runs it again. */
export function unlessRevived(pod: Pod, view: Omit<PodView, 'pod'>, nowMs: number): Pod {
  if (!isPodFinished(pod) || isBeingDeleted(pod)) return pod;
  const { phase: _, reason: __, message: ___, ...status } = pod.status;
  const revived = { ...pod, status };
  return isOver(revived, view, nowMs) ? pod : revived;
}

/** It has run, Docker knows nothing of it any more, and it may not be run a second time. */
export function isLost(pod: Pod, containers: readonly ObservedContainer[], name: string): boolean {
  if (latestOf(containers, name)) return false;
  const wasMade = (status: { name: string; containerID?: string }) => status.name === name && !!status.containerID;
  if (pod.status.ephemeralContainerStatuses?.some(wasMade)) return true;
  return pod.spec.restartPolicy === 'Never' && (pod.status.containerStatuses?.some(wasMade) ?? false);
}

/** The number of the next container under this name; what the API was told counts where Docker has forgotten. */
export function nextAttempt(pod: Pod, containers: readonly ObservedContainer[], name: string): number {
  const latest = latestOf(containers, name);
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
  const told = [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name);
  // One that vanished has been counted when that was told.
  const afterTold = told ? told.restartCount + (told.containerID ? 1 : 0) : 0;
  return Math.max(latest ? latest.attempt + 1 : 0, afterTold);
}
