// The conditions of a pod that are this node's to tell, with Kubernetes' reasons and texts. Those of others stay.
import type { ContainerStatus, Pod, PodCondition } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';
import { podContainers } from './pod-containers.ts';
import type { Statuses } from './pod-phase.ts';
import { latestOf, livingPause } from './pod-progress.ts';
import type { PodView } from './pod-view.ts';
import { unlike } from './resize.ts';

const ownConditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'] as const;
/** Told only while they hold. */
const ofResize = ['PodResizePending', 'PodResizeInProgress'];

interface Finding {
  holds: boolean;
  reason?: string;
  message?: string;
}

export interface Parts extends Statuses {
  phase: string;
  /** All init containers in their order, sidecars among them. */
  inOrder: ContainerStatus[];
}

export function conditionsOf(pod: Pod, view: PodView, parts: Parts, wallMs: number): PodCondition[] {
  const isWired = pod.spec.hostNetwork || view.memory.attached !== undefined;
  const ready = containersReady(parts);
  const findings: Record<(typeof ownConditions)[number], Finding> = {
    PodReadyToStartContainers: { holds: livingPause(view.containers)?.state === 'running' && isWired },
    Initialized: initialized(parts),
    Ready: podReady(pod, ready, parts),
    ContainersReady: ready,
    PodScheduled: { holds: true },
  };
  const resize = resizeFindings(pod, view);
  const own = [...ownConditions.map((type): [string, Finding] => [type, findings[type]]), ...resize];
  const known: readonly string[] = [...ownConditions, ...ofResize];
  const foreign = (pod.status.conditions ?? []).filter(({ type }) => !known.includes(type));
  return [...own.map(([type, finding]) => condition(pod, type, finding, wallMs)), ...foreign];
}

function resizeFindings(pod: Pod, { containers, memory }: PodView): [string, Finding][] {
  const pending = memory.pendingResize;
  const changing = podContainers(pod).flatMap(({ role, container }) => {
    const latest = role === 'app' || role === 'sidecar' ? latestOf(containers, container.name) : undefined;
    return latest?.state === 'running' && unlike(container, latest).length > 0 ? [latest.id] : [];
  });
  const isInProgress = memory.agreed !== undefined && changing.length > 0;
  const problems = changing.flatMap((id) => memory.resizeProblems.get(id)?.message ?? []);
  const error = problems.length > 0 && { reason: 'Error', message: problems.join(', ') };
  return [
    ...(pending ? [['PodResizePending', { holds: true, ...pending }] satisfies [string, Finding]] : []),
    ...(isInProgress ? [['PodResizeInProgress', { holds: true, ...error }] satisfies [string, Finding]] : []),
  ];
}

function containersReady({ phase, sidecars, apps }: Parts): Finding {
  if (phase === 'Succeeded') return { holds: false, reason: 'PodCompleted' };
  if (phase === 'Failed') return { holds: false, reason: 'PodFailed' };
  const unready = [...sidecars, ...apps].filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return { holds: true };
  const message = `containers with unready status: [${unready.join(' ')}]`;
  return { holds: false, reason: 'ContainersNotReady', message };
}

function podReady(pod: Pod, ready: Finding, { phase }: Parts): Finding {
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  // Before its containers are told to stop, so that nobody sends it anything new.
  if (isBeingDeleted(pod) && !isOver)
    return { holds: false, reason: 'PodTerminating', message: 'pod is being deleted' };
  return ready.holds ? gatesReady(pod) : ready;
}

/** Others may have a say in a pod's readiness, through conditions that the pod names. */
function gatesReady(pod: Pod): Finding {
  const complaints = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = pod.status.conditions?.find(({ type }) => type === conditionType);
    const gate = `pod readiness gate "${conditionType}"`;
    if (!found) return [`corresponding condition of ${gate} does not exist.`];
    return found.status === 'True' ? [] : [`the status of ${gate} is not "True", but ${found.status}`];
  });
  if (complaints.length === 0) return { holds: true };
  return { holds: false, reason: 'ReadinessGatesNotReady', message: complaints.join(', ') };
}

function initialized({ phase, inOrder, sidecars, apps }: Parts): Finding {
  if (phase === 'Succeeded') return { holds: true, reason: 'PodCompleted' };
  // Whatever becomes of init containers later, the others began after them.
  if (apps.some(hasBegun)) return { holds: true };
  const incomplete = inOrder.filter((status) => !(sidecars.includes(status) ? status.started : status.ready));
  if (incomplete.length === 0) return { holds: true };
  const names = incomplete.map(({ name }) => name).join(' ');
  const message = `containers with incomplete status: [${names}]`;
  return { holds: false, reason: 'ContainersNotInitialized', message };
}

function hasBegun({ state, lastState, started }: ContainerStatus): boolean {
  return !!(started || state?.running || state?.terminated?.containerID || lastState?.terminated);
}

/** A pod that its node has to end is told apart from one that failed by itself. */
export function withDisruption(
  pod: Pod,
  conditions: PodCondition[],
  message: string | undefined,
  wallMs: number,
): PodCondition[] {
  if (message === undefined) return conditions;
  const finding = { holds: true, reason: 'TerminationByKubelet', message };
  const disrupted = condition(pod, 'DisruptionTarget', finding, wallMs);
  return [...conditions.filter(({ type }) => type !== disrupted.type), disrupted];
}

/** A condition keeps the time of its last change as long as it says the same. */
function condition(pod: Pod, type: string, { holds, reason, message }: Finding, wallMs: number): PodCondition {
  const before = pod.status.conditions?.find((known) => known.type === type);
  const status = holds ? 'True' : 'False';
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : undefined;
  const { generation } = pod.metadata;
  return {
    type,
    status,
    ...(generation !== undefined && { observedGeneration: generation }),
    lastTransitionTime: lastTransitionTime ?? timestamp(wallMs),
    ...(reason && { reason }),
    ...(message && { message }),
  };
}
