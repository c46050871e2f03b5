// Pods as rows of a table: what each of them is doing, in one word.

import type { IPod } from 'kubernetes-models/v1/Pod';
import type { Served } from '../meta.ts';
import { ageColumn, ageSince, nameColumn, orNone } from './columns.ts';
import type { Column } from './kind.ts';
import { isSidecar } from './pod-spec/types.ts';

type Pod = Served<IPod>;
type ContainerStatus = NonNullable<Pod['status']['containerStatuses']>[number];

interface Look {
  word: string;
  ready: number;
  restarts: number;
  lastRestart: string | undefined;
}

const finishedAt = ({ lastState }: ContainerStatus) => lastState?.terminated?.finishedAt;
const later = (one: string | undefined, other: string | undefined) =>
  one && other ? (Date.parse(one) > Date.parse(other) ? one : other) : (one ?? other);

/** The most telling reason among phase, containers and deletion, and what stands in the cells beside it. */
function lookAt(pod: Pod): Look {
  const { status, metadata } = pod;
  const conditions = status.conditions ?? [];
  let word = status.reason || status.phase || '';
  if (conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')) {
    word = 'SchedulingGated';
  }
  const look: Look = { word, ready: 0, restarts: 0, lastRestart: undefined };
  const { isInitializing, ofSidecars } = lookAtInitContainers(pod, look);
  const isInitialized = conditions.some((each) => each.type === 'Initialized' && each.status === 'True');
  if (!isInitializing || isInitialized) {
    Object.assign(look, ofSidecars);
    lookAtContainers(pod, look);
  }
  const isTerminal = status.phase === 'Succeeded' || status.phase === 'Failed';
  if (metadata.deletionTimestamp && status.reason === 'NodeLost') look.word = 'Unknown';
  else if (metadata.deletionTimestamp && !isTerminal) look.word = 'Terminating';
  return look;
}

function lookAtInitContainers(pod: Pod, look: Look) {
  const containers = pod.spec.initContainers ?? [];
  const ofSidecars: Pick<Look, 'restarts' | 'lastRestart'> = { restarts: 0, lastRestart: undefined };
  for (const [index, status] of (pod.status.initContainerStatuses ?? []).entries()) {
    const { state = {}, restartCount = 0 } = status;
    look.restarts += restartCount;
    look.lastRestart = later(look.lastRestart, finishedAt(status));
    const container = containers.find(({ name }) => name === status.name);
    const isOfSidecar = container !== undefined && isSidecar(container);
    if (isOfSidecar) {
      ofSidecars.restarts += restartCount;
      ofSidecars.lastRestart = later(ofSidecars.lastRestart, finishedAt(status));
    }
    if (state.terminated?.exitCode === 0) continue;
    if (isOfSidecar && status.started) {
      if (status.ready) look.ready++;
      continue;
    }
    const { waiting, terminated } = state;
    if (terminated) look.word = `Init:${endWord(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') look.word = `Init:${waiting.reason}`;
    else look.word = `Init:${index}/${containers.length}`;
    return { isInitializing: true, ofSidecars };
  }
  return { isInitializing: false, ofSidecars };
}

function lookAtContainers(pod: Pod, look: Look): void {
  let hasRunning = false;
  for (const status of [...(pod.status.containerStatuses ?? [])].reverse()) {
    const { state = {}, restartCount = 0 } = status;
    look.restarts += restartCount;
    look.lastRestart = later(look.lastRestart, finishedAt(status));
    if (state.waiting?.reason) look.word = state.waiting.reason;
    else if (state.terminated) look.word = endWord(state.terminated);
    else if (status.ready && state.running) {
      hasRunning = true;
      look.ready++;
    }
  }
  if (look.word !== 'Completed' || !hasRunning) return;
  const isReady = pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  look.word = isReady ? 'Running' : 'NotReady';
}

function endWord({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

function restartsText(pod: Pod, nowMs: number): string {
  const { restarts, lastRestart } = lookAt(pod);
  return restarts && lastRestart ? `${restarts} (${ageSince(lastRestart, nowMs)} ago)` : String(restarts);
}

function readinessGatesText({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  const met = gates.filter((gate) =>
    status.conditions?.some((each) => each.type === gate.conditionType && each.status === 'True'),
  );
  return gates.length === 0 ? '<none>' : `${met.length}/${gates.length}`;
}

export const podColumns: Column<Pod>[] = [
  nameColumn,
  {
    name: 'Ready',
    type: 'string',
    description: 'Containers that are ready of all the containers of the pod.',
    value: (pod) => {
      const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).length;
      return `${lookAt(pod).ready}/${pod.spec.containers.length + sidecars}`;
    },
  },
  {
    name: 'Status',
    type: 'string',
    description: 'What the pod is doing, in one word.',
    value: (pod) => lookAt(pod).word,
  },
  {
    name: 'Restarts',
    type: 'string',
    description: 'How often the containers of this pod have been restarted and when the last one was.',
    value: restartsText,
  },
  ageColumn,
  {
    name: 'IP',
    type: 'string',
    priority: 1,
    description: 'Address of the pod.',
    value: ({ status }) => orNone(status.podIPs?.[0]?.ip ?? status.podIP),
  },
  {
    name: 'Node',
    type: 'string',
    priority: 1,
    description: 'Node the pod is bound to.',
    value: (pod) => orNone(pod.spec.nodeName),
  },
  {
    name: 'Nominated Node',
    type: 'string',
    priority: 1,
    description: 'Node on which room is being made for the pod.',
    value: (pod) => orNone(pod.status.nominatedNodeName),
  },
  {
    name: 'Readiness Gates',
    type: 'string',
    priority: 1,
    description: 'Readiness gates that hold of all that are specified.',
    value: readinessGatesText,
  },
];
