// What the API is told of a pod: computed anew from what is observed, never kept up step by step.
import { isPodFinished, type Pod, type PodCondition } from '../../api/kinds/pod.ts';
import { qosClassOf } from '../../api/kinds/pod-spec/qos.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';
import { containerStatus } from './container-status.ts';
import { livingPause, pendingInit } from './pod-progress.ts';
import type { PodView } from './pod-view.ts';

type PodStatus = Pod['status'];
type ContainerStatuses = NonNullable<PodStatus['containerStatuses']>;

const ownConditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];

/** The pod is given beside the view because the status builds on the newest one that is known, not on a copy's. */
export function podStatus(pod: Pod, view: PodView, hostAddress: string, nowMs: number): PodStatus {
  const init = (pod.spec.initContainers ?? []).map((container) => containerStatus(pod, view, container, nowMs));
  const statuses = pod.spec.containers
    .map((container) => containerStatus(pod, view, container, nowMs))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const phase = phaseOf(pod, init, statuses);
  const address = pod.spec.hostNetwork ? hostAddress : (view.memory.attached?.address ?? pod.status.podIP);
  const { generation } = pod.metadata;
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions: conditionsOf(pod, view, { phase, init, statuses }, nowMs),
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    ...(address && { podIP: address, podIPs: [{ ip: address }] }),
    startTime: pod.status.startTime ?? timestamp(view.memory.firstSeenMs),
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: statuses,
    qosClass: pod.status.qosClass ?? qosClassOf(pod.spec),
  };
}

function phaseOf(pod: Pod, init: ContainerStatuses, statuses: ContainerStatuses): NonNullable<PodStatus['phase']> {
  if (isPodFinished(pod)) return pod.status.phase ?? 'Failed';
  const never = pod.spec.restartPolicy === 'Never';
  const hasStarted = statuses.some(
    ({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated,
  );
  const initFailed = init.some(({ state }) => state?.terminated && state.terminated.exitCode !== 0);
  if (initFailed && never) return 'Failed';
  if (!hasStarted && isBeingDeleted(pod)) return pod.status.phase ?? 'Pending';
  if (!hasStarted && init.some(({ state }) => state?.terminated?.exitCode !== 0)) return 'Pending';
  const stopped = statuses.filter(
    ({ state, lastState }) => state?.terminated || (state?.waiting && lastState?.terminated),
  );
  const running = statuses.filter(({ state }) => state?.running);
  if (running.length + stopped.length < statuses.length) return 'Pending';
  if (running.length > 0) return 'Running';
  const succeeded = stopped.every(({ state }) => state?.terminated?.exitCode === 0);
  if (isBeingDeleted(pod)) return succeeded ? 'Succeeded' : 'Failed';
  if (pod.spec.restartPolicy === 'Always') return 'Running';
  if (succeeded) return 'Succeeded';
  return never ? 'Failed' : 'Running';
}

interface Parts {
  phase: string;
  init: ContainerStatuses;
  statuses: ContainerStatuses;
}

interface Finding {
  holds: boolean;
  reason?: string;
  message?: string;
}

function conditionsOf(pod: Pod, view: PodView, { phase, init, statuses }: Parts, nowMs: number): PodCondition[] {
  const over: Finding | undefined =
    phase === 'Succeeded'
      ? { holds: false, reason: 'PodCompleted' }
      : phase === 'Failed'
        ? { holds: false, reason: 'PodFailed' }
        : undefined;
  const isWired = pod.spec.hostNetwork || view.memory.attached !== undefined;
  const unready = statuses.filter(({ ready }) => !ready).map(({ name }) => name);
  const containersReady: Finding =
    over ??
    (unready.length === 0
      ? { holds: true }
      : {
          holds: false,
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        });
  // Before its containers are told to stop, so that nobody sends it anything new.
  const ready: Finding =
    isBeingDeleted(pod) && !over
      ? { holds: false, reason: 'PodTerminating', message: 'pod is being deleted' }
      : containersReady;
  const findings: Record<string, Finding> = {
    PodReadyToStartContainers: { holds: livingPause(view.containers)?.state === 'running' && isWired },
    Initialized: initialized(pod, view, init, phase),
    Ready: withGates(pod, ready),
    ContainersReady: containersReady,
    PodScheduled: { holds: true },
  };
  const foreign = (pod.status.conditions ?? []).filter(({ type }) => !ownConditions.includes(type));
  return [...ownConditions.map((type) => condition(pod, type, findings[type] ?? { holds: true }, nowMs)), ...foreign];
}

function initialized(pod: Pod, view: PodView, init: ContainerStatuses, phase: string): Finding {
  if (phase === 'Succeeded') return { holds: true, reason: 'PodCompleted' };
  const incomplete = init.filter(({ state }) => state?.terminated?.exitCode !== 0).map(({ name }) => name);
  const wasInitialized = pod.status.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True');
  const isRunning = livingPause(view.containers) !== undefined && !pendingInit(pod, view.containers);
  if (incomplete.length === 0 || isRunning || (phase === 'Failed' && wasInitialized)) return { holds: true };
  return {
    holds: false,
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  };
}

/** Others may have a say in a pod's readiness, through conditions that the pod names. */
function withGates(pod: Pod, ready: Finding): Finding {
  const unmet = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) =>
      !pod.status.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  const [first] = unmet;
  if (!ready.holds || !first) return ready;
  return {
    holds: false,
    reason: 'ReadinessGatesNotReady',
    message: `corresponding condition of pod readiness gate "${first.conditionType}" does not exist.`,
  };
}

/** A condition keeps the time of its last change as long as it says the same. */
function condition(pod: Pod, type: string, { holds, reason, message }: Finding, nowMs: number): PodCondition {
  const before = pod.status.conditions?.find((known) => known.type === type);
  const status = holds ? 'True' : 'False';
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : undefined;
  return {
    type,
    status,
    lastTransitionTime: lastTransitionTime ?? timestamp(nowMs),
    ...(reason && { reason }),
    ...(message && { message }),
  };
}
