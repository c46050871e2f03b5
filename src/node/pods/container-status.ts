// What the API is told of one container: waiting, running or terminated, with Kubernetes' reasons.
import type { ContainerStatus, Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';
import { firstBytes } from '../../base/first-bytes.ts';
import type { ObservedContainer } from '../runtime.ts';
import { mountStatuses, resourceStatus, userStatus } from './container-facts.ts';
import { pullErrorShownMs } from './container-plan.ts';
import { type PodContainer, podContainers } from './pod-containers.ts';
import { attemptsOf, isLost, isOutdated, isOver, isReady, isRestarted, isStarted } from './pod-progress.ts';
import { imageSituation, type PodMemory, type PodView } from './pod-view.ts';
import { restartAtMs } from './restart-backoff.ts';

export type ContainerState = NonNullable<ContainerStatus['state']>;
type Terminated = NonNullable<ContainerState['terminated']>;
type Waiting = NonNullable<ContainerState['waiting']>;

/**
 * All messages of containers of one pod that have ended are together no longer than this, and no other is longer than
 * one of them: what a registry or a manifest can put into one must not make a status that the API does not take.
 */
const messageBytes = { ofPod: 12 * 1024, ofContainer: 4096 };

const unknown = { exitCode: 137, reason: 'ContainerStatusUnknown' };
const lost: Terminated = { ...unknown, message: 'The container could not be located when the pod was terminated' };
const vanished: Terminated = {
  ...unknown,
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
};

export function containerId(container: ObservedContainer): string {
  return `docker://${container.id}`;
}

function imageIdOf({ imageId, imageDigest }: ObservedContainer): string {
  return imageDigest ? `docker-pullable://${imageDigest}` : `docker://${imageId}`;
}

export function containerStatus(pod: Pod, view: PodView, listed: PodContainer, nowMs: number): ContainerStatus {
  const { container, role } = listed;
  const attempts = attemptsOf(view.containers, container.name);
  // A container that has been made but not started has not replaced the one before it yet.
  const shown = attempts.find(({ state }) => state !== 'created');
  const before = attempts.find((attempt) => shown && attempt.attempt < shown.attempt && attempt.state === 'exited');
  const told = toldStatus(pod, container.name);
  // Docker may have been tidied up: that it had ended is known all the same.
  if (attempts.length === 0 && told?.state?.terminated) return told;
  const waiting = waitingFor(pod, view, listed, shown, nowMs);
  const state = stateOf(pod, view, listed, shown, waiting);
  const last = waiting && shown?.state === 'exited' ? shown : before;
  const hasVanished = !shown && told?.state?.running !== undefined && state.waiting !== undefined;
  const lastState = last
    ? { terminated: terminated(pod, last, view.memory) }
    : hasVanished
      ? { terminated: vanished }
      : shown
        ? {}
        : (told?.lastState ?? {});
  const toldId = hasVanished ? undefined : told?.containerID;
  const started = state.running !== undefined && (role === 'init' || isStarted(listed, shown, view.memory));
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: shown?.imageId ? imageIdOf(shown) : (told?.imageID ?? ''),
    ...(shown ? { containerID: containerId(shown) } : toldId ? { containerID: toldId } : {}),
    // It never falls: Docker may have forgotten the newest.
    restartCount: shown
      ? Math.max(shown.attempt, told?.restartCount ?? 0)
      : (told?.restartCount ?? 0) + (hasVanished && !isBeingDeleted(pod) ? 1 : 0),
    ready:
      role === 'init'
        ? state.terminated?.exitCode === 0
        : role !== 'ephemeral' && started && isReady(listed, shown, view.memory),
    ...(role !== 'ephemeral' && { started }),
    state,
    lastState,
    ...(shown && {
      ...resourceStatus(container, role, shown, told),
      ...mountStatuses(container),
      ...userStatus(shown, told),
    }),
  };
}

/** Of a pod that has ended: what was about to run never will. */
export function endedStatus({ spec }: Pod, status: ContainerStatus): ContainerStatus {
  const isSettled = status.state?.terminated || spec.initContainers?.length;
  return isSettled ? status : { ...status, state: { terminated: lost } };
}

function toldStatus({ status }: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  const told = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
  return told.find((status) => status.name === name);
}

function stateOf(
  pod: Pod,
  view: PodView,
  { container: { name } }: PodContainer,
  shown: ObservedContainer | undefined,
  waiting: Waiting | undefined,
): ContainerState {
  if (waiting) {
    const { message } = waiting;
    return { waiting: { ...waiting, ...(message && { message: firstBytes(message, messageBytes.ofContainer) }) } };
  }
  if (shown?.state === 'running') return { running: { startedAt: timestamp(shown.startedAt ?? shown.createdAt) } };
  if (shown) return { terminated: terminated(pod, shown, view.memory) };
  if (isLost(pod, view.containers, name)) {
    return { terminated: lost };
  }
  return { waiting: { reason: firstReason(pod) } };
}

/** What a container waits for before anything is known of it. */
function firstReason({ spec }: Pod): string {
  return spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating';
}

/** Why a container that should run does not; undefined where it runs, has ended for good, or is about to be started. */
function waitingFor(
  pod: Pod,
  view: PodView,
  listed: PodContainer,
  shown: ObservedContainer | undefined,
  nowMs: number,
): Waiting | undefined {
  const { memory } = view;
  const { container, role } = listed;
  if (shown?.state === 'running') return hookWaiting(pod, listed, shown, memory);
  if (isBeingDeleted(pod) || isOver(pod, view, nowMs)) return undefined;
  if (shown && !isRestarted(pod, role, shown, memory)) return undefined;
  const isHeldBack = shown && !isOutdated(listed, shown) && restartAtMs(shown) > nowMs;
  if (isHeldBack) return { reason: 'CrashLoopBackOff', message: backoffMessage(pod, shown) };
  const image = imageSituation(memory, container);
  if (image?.state === 'refused') return { reason: image.reason, message: image.message };
  if (image?.state === 'failed') {
    const message = `Back-off pulling image "${container.image}": ErrImagePull: ${image.message}`;
    return nowMs < image.failedAtMs + pullErrorShownMs
      ? { reason: 'ErrImagePull', message: image.message }
      : { reason: 'ImagePullBackOff', message };
  }
  const problem = memory.problems.get(container.name);
  if (problem) return { reason: problem.reason, message: problem.message };
  if (!shown) return undefined;
  const hook = memory.postStart.get(shown.id);
  return hook?.state === 'failed' ? { reason: 'PostStartHookError', message: hook.message } : undefined;
}

/** Until its postStart hook is through a container does not count as running, and not at all where the hook failed. */
function hookWaiting(
  pod: Pod,
  { container }: PodContainer,
  { id }: ObservedContainer,
  { postStart, stopping }: PodMemory,
): Waiting | undefined {
  const hook = postStart.get(id);
  if (hook?.state === 'failed') return { reason: 'PostStartHookError', message: hook.message };
  if (!container.lifecycle?.postStart || hook?.state === 'done' || stopping.has(id)) return undefined;
  return { reason: firstReason(pod) };
}

function backoffMessage(pod: Pod, ended: ObservedContainer): string {
  const { name, namespace, uid } = pod.metadata;
  const minutes = Math.floor(ended.backoffSeconds / 60);
  const delay = `${minutes > 0 ? `${minutes}m` : ''}${ended.backoffSeconds % 60}s`;
  return `back-off ${delay} restarting failed container=${ended.name} pod=${name}_${namespace}(${uid})`;
}

function terminated(pod: Pod, container: ObservedContainer, { messages }: PodMemory): Terminated {
  const { exitCode, oomKilled, startError, startedAt, finishedAt } = container;
  const message = clipped(pod, startError || (messages.get(container.id) ?? ''));
  return {
    exitCode: startError ? 128 : exitCode,
    reason: startError ? 'StartError' : oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error',
    ...(message && { message }),
    startedAt: timestamp(startError ? 0 : (startedAt ?? 0)),
    finishedAt: timestamp(finishedAt ?? (startError ? container.createdAt : 0)),
    containerID: containerId(container),
  };
}

function clipped(pod: Pod, message: string): string {
  const most = Math.min(messageBytes.ofContainer, Math.floor(messageBytes.ofPod / podContainers(pod).length));
  return firstBytes(message, most);
}
