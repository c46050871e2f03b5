// Where a pod stands, read off its containers: which attempt counts, whether init is through, whether all is over.
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { type ObservedContainer, pauseName } from '../runtime.ts';

const firstBackoffSeconds = 10;
const longestBackoffSeconds = 300;
/** Who ran this long starts over with the back-off. */
const goodRunMs = 600_000;

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

export function isRestarted(pod: Pod, container: ObservedContainer): boolean {
  const { restartPolicy } = pod.spec;
  return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && !succeeded(container));
}

/** The first init container that has not succeeded in the pod's present namespaces; undefined when init is through. */
export function pendingInit(pod: Pod, containers: readonly ObservedContainer[]): Container | undefined {
  const pauseId = livingPause(containers)?.id;
  const appNames = new Set(pod.spec.containers.map(({ name }) => name));
  if (containers.some((container) => appNames.has(container.name) && container.pauseId === pauseId)) return undefined;
  return pod.spec.initContainers?.find(({ name }) => {
    const latest = latestOf(containers, name);
    return !(latest && succeeded(latest) && latest.pauseId === pauseId);
  });
}

/** Nothing of the pod will ever be started again. */
export function isOver(pod: Pod, containers: readonly ObservedContainer[]): boolean {
  if (isPodFinished(pod)) return true;
  const initFailed = pod.spec.initContainers?.some(({ name }) => {
    const latest = latestOf(containers, name);
    return latest && failed(latest) && pod.spec.restartPolicy === 'Never';
  });
  return initFailed || pod.spec.containers.every(({ name }) => isDone(pod, containers, name));
}

function isDone(pod: Pod, containers: readonly ObservedContainer[], name: string): boolean {
  const latest = latestOf(containers, name);
  return latest ? latest.state === 'exited' && !isRestarted(pod, latest) : isLost(pod, containers, name);
}

/** It has run, Docker knows nothing of it any more, and it may not be run a second time. */
export function isLost(pod: Pod, containers: readonly ObservedContainer[], name: string): boolean {
  if (pod.spec.restartPolicy !== 'Never' || latestOf(containers, name)) return false;
  return pod.status.containerStatuses?.some((status) => status.name === name && status.containerID) ?? false;
}

/** The number of the next container under this name; what the API was told counts where Docker has forgotten. */
export function nextAttempt(pod: Pod, containers: readonly ObservedContainer[], name: string): number {
  const latest = latestOf(containers, name);
  const told = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])].find(
    (status) => status.name === name && status.containerID,
  );
  return Math.max(latest ? latest.attempt + 1 : 0, told && !latest ? told.restartCount + 1 : 0);
}

const endOf = (container: ObservedContainer) => container.finishedAt ?? container.createdAt;

function ranWell(container: ObservedContainer): boolean {
  return container.startedAt !== undefined && endOf(container) - container.startedAt > goodRunMs;
}

/** When a container that ended may be followed by the next one: the first time at once, then later and later. */
export function restartAtMs(ended: ObservedContainer): number {
  return ranWell(ended) ? 0 : endOf(ended) + ended.backoffSeconds * 1000;
}

/** What the next container is to wait for its own successor. Stands on the container, so that it outlives the agent. */
export function nextBackoffSeconds(ended: ObservedContainer | undefined): number {
  if (!ended) return 0;
  if (ranWell(ended) || ended.backoffSeconds === 0) return firstBackoffSeconds;
  return Math.min(longestBackoffSeconds, ended.backoffSeconds * 2);
}
