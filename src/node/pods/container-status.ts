// What the API is told of one container: waiting, running or terminated, with Kubernetes' reasons.
import type { ContainerStatus, Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';
import type { ObservedContainer } from '../runtime.ts';
import { pullErrorShownMs } from './pod-plan.ts';
import { attemptsOf, isLost, isOver, isRestarted, restartAtMs } from './pod-progress.ts';
import type { PodView } from './pod-view.ts';

type ContainerState = NonNullable<ContainerStatus['state']>;
type Terminated = NonNullable<ContainerState['terminated']>;

export function containerId(container: ObservedContainer): string {
  return `docker://${container.id}`;
}

function imageIdOf({ imageId, imageDigest }: ObservedContainer): string {
  return imageDigest ? `docker-pullable://${imageDigest}` : `docker://${imageId}`;
}

export function containerStatus(pod: Pod, view: PodView, container: Container, nowMs: number): ContainerStatus {
  const attempts = attemptsOf(view.containers, container.name);
  // A container that has been made but not started has not replaced the one before it yet.
  const shown = attempts.find(({ state }) => state !== 'created');
  const before = attempts.find((attempt) => shown && attempt.attempt < shown.attempt && attempt.state === 'exited');
  const told = toldStatus(pod, container.name);
  const waiting = waitingFor(pod, view, container.name, shown, nowMs);
  const state = stateOf(pod, view, container.name, shown, waiting);
  const last = waiting && shown?.state === 'exited' ? shown : before;
  const lastState = last ? { terminated: terminated(last) } : shown ? {} : (told?.lastState ?? {});
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: shown?.imageId ? imageIdOf(shown) : (told?.imageID ?? ''),
    ...(shown ? { containerID: containerId(shown) } : told?.containerID ? { containerID: told.containerID } : {}),
    restartCount: shown?.attempt ?? told?.restartCount ?? 0,
    ready: state.running !== undefined || (isInitOf(pod, container.name) && state.terminated?.exitCode === 0),
    started: state.running !== undefined,
    state,
    lastState,
  };
}

function toldStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
  return [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name);
}

const isInitOf = (pod: Pod, name: string) => pod.spec.initContainers?.some((init) => init.name === name) ?? false;

function stateOf(
  pod: Pod,
  view: PodView,
  name: string,
  shown: ObservedContainer | undefined,
  waiting: NonNullable<ContainerState['waiting']> | undefined,
): ContainerState {
  if (waiting) return { waiting };
  if (shown?.state === 'running') return { running: { startedAt: timestamp(shown.startedAt ?? shown.createdAt) } };
  if (shown) return { terminated: terminated(shown) };
  if (isLost(pod, view.containers, name)) {
    const message = 'The container could not be located when the pod was terminated';
    return { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message } };
  }
  return { waiting: { reason: pod.spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating' } };
}

/** Why a container that should run does not; undefined where it runs, has ended for good, or is about to be started. */
function waitingFor(
  pod: Pod,
  { containers, memory }: PodView,
  name: string,
  shown: ObservedContainer | undefined,
  nowMs: number,
): NonNullable<ContainerState['waiting']> | undefined {
  if (shown?.state === 'running' || isOver(pod, containers) || isBeingDeleted(pod)) return undefined;
  const image = memory.images.get(name);
  const wanted = pod.spec.initContainers?.concat(pod.spec.containers).find((c) => c.name === name) ?? { image: '' };
  if (image?.state === 'refused') return { reason: image.reason, message: image.message };
  if (image?.state === 'failed') {
    return nowMs < image.failedAtMs + pullErrorShownMs
      ? { reason: 'ErrImagePull', message: image.message }
      : {
          reason: 'ImagePullBackOff',
          message: `Back-off pulling image "${wanted.image}": ErrImagePull: ${image.message}`,
        };
  }
  const problem = memory.problems.get(name);
  if (problem) return { reason: problem.reason, message: problem.message };
  if (shown && isRestarted(pod, shown) && restartAtMs(shown) > nowMs)
    return { reason: 'CrashLoopBackOff', message: backoffMessage(pod, shown) };
  return undefined;
}

function backoffMessage(pod: Pod, ended: ObservedContainer): string {
  const { name, namespace, uid } = pod.metadata;
  const minutes = Math.floor(ended.backoffSeconds / 60);
  const delay = `${minutes > 0 ? `${minutes}m` : ''}${ended.backoffSeconds % 60}s`;
  return `back-off ${delay} restarting failed container=${ended.name} pod=${name}_${namespace}(${uid})`;
}

function terminated(container: ObservedContainer): Terminated {
  const { exitCode, oomKilled, startError, startedAt, finishedAt } = container;
  if (startError) {
    const finished = timestamp(finishedAt ?? container.createdAt);
    return {
      exitCode: 128,
      reason: 'StartError',
      message: startError,
      startedAt: timestamp(0),
      finishedAt: finished,
      containerID: containerId(container),
    };
  }
  return {
    exitCode,
    reason: oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error',
    startedAt: timestamp(startedAt ?? 0),
    finishedAt: timestamp(finishedAt ?? 0),
    containerID: containerId(container),
  };
}
