// What the API is told of a pod: computed anew from what is observed, never kept up step by step.
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { qosClassOf } from '../../api/kinds/pod-spec/qos.ts';
import { type Moment, timestamp } from '../../base/clock.ts';
import { containerStatus, endedStatus } from './container-status.ts';
import { conditionsOf, withDisruption } from './pod-conditions.ts';
import { podContainers, type Role } from './pod-containers.ts';
import { phaseOf } from './pod-phase.ts';
import { runningContainers } from './pod-progress.ts';
import type { PodView } from './pod-view.ts';
import { verdictOn } from './verdict.ts';

type PodStatus = Pod['status'];

/** The pod is given beside the view because the status builds on the newest one that is known, not on a copy's. */
export function podStatus(pod: Pod, view: PodView, hostAddress: string, now: Moment): PodStatus {
  const { monotonicMs: nowMs, wallMs } = now;
  const told = podContainers(pod).map((listed) => ({
    role: listed.role,
    status: containerStatus(pod, view, listed, nowMs),
  }));
  const of = (...roles: Role[]) => told.filter(({ role }) => roles.includes(role)).map(({ status }) => status);
  const statuses = { init: of('init'), sidecars: of('sidecar'), apps: of('app') };
  const [inOrder, ephemeral] = [of('init', 'sidecar'), of('ephemeral')];
  const verdict = isPodFinished(pod) ? undefined : verdictOn(pod, view.memory, nowMs);
  const phase = phaseOf(pod, statuses, verdict, runningContainers(view.containers).length > 0);
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  const sorted = statuses.apps.sort((a, b) => (a.name < b.name ? -1 : 1));
  const apps = hasEnded ? sorted.map((status) => endedStatus(pod, status)) : sorted;
  // Of one that was turned away at the door there is nothing to tell.
  const isKnown = !hasEnded || view.containers.length > 0 || pod.status.containerStatuses !== undefined;
  const address = pod.spec.hostNetwork ? hostAddress : (view.memory.attached?.address ?? pod.status.podIP);
  const { generation } = pod.metadata;
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    ...(phase === 'Failed' && verdict && { reason: verdict.reason, message: verdict.message }),
    conditions: withDisruption(
      pod,
      conditionsOf(pod, view, { ...statuses, phase, inOrder }, wallMs),
      verdict?.disruption,
      wallMs,
    ),
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    ...(address && { podIP: address, podIPs: [{ ip: address }] }),
    startTime: pod.status.startTime ?? timestamp(wallMs - (nowMs - view.memory.firstSeenMs)),
    ...(isKnown && inOrder.length > 0 && { initContainerStatuses: inOrder }),
    ...(isKnown && { containerStatuses: apps }),
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
    qosClass: pod.status.qosClass ?? qosClassOf(pod.spec),
  };
}
