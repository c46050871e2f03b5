// Pod: containers that run together on one node.
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { Served } from '../meta.ts';
import { wholeUnits } from '../quantity.ts';
import { type Cause, forbidden } from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { type Column, defineKind } from './kind.ts';
import { setPodSpecDefaults, validatePodSpec } from './pod-template.ts';

export type Pod = Served<IPod>;
export type ContainerStatus = NonNullable<Pod['status']['containerStatuses']>[number];
export type PodCondition = NonNullable<Pod['status']['conditions']>[number];

const columns: Column<Pod>[] = [
  nameColumn,
  {
    name: 'Ready',
    type: 'string',
    description: 'Containers that are ready of all the containers of the pod.',
    value: (pod) => {
      const ready = pod.status.containerStatuses?.filter((container) => container.ready).length ?? 0;
      return `${ready}/${pod.spec.containers.length}`;
    },
  },
  { name: 'Status', type: 'string', description: 'What the pod is doing, in one word.', value: podStatusWord },
  {
    name: 'Restarts',
    type: 'string',
    description: 'How often the containers of this pod have been restarted and when the last one was.',
    value: (pod) => pod.status.containerStatuses?.reduce((sum, container) => sum + container.restartCount, 0) ?? 0,
  },
  ageColumn,
  {
    name: 'IP',
    type: 'string',
    priority: 1,
    description: 'Address of the pod.',
    value: (pod) => orNone(pod.status.podIP),
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
    value: (pod) => {
      const gates = pod.spec.readinessGates ?? [];
      const met = gates.filter((gate) =>
        pod.status.conditions?.some(({ type, status }) => type === gate.conditionType && status === 'True'),
      );
      return gates.length === 0 ? '<none>' : `${met.length}/${gates.length}`;
    },
  },
];

/** The word in kubectl's STATUS column: the most telling reason among phase, containers and deletion. */
function podStatusWord(pod: Pod): string {
  if (pod.metadata.deletionTimestamp) return pod.status.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
  const initReason = initStatusWord(pod);
  if (initReason) return initReason;
  let word = pod.status.reason || pod.status.phase || 'Unknown';
  let hasRunning = false;
  for (const { state = {}, ready } of [...(pod.status.containerStatuses ?? [])].reverse()) {
    if (state.waiting?.reason) word = state.waiting.reason;
    else if (state.terminated) word = terminationWord(state.terminated);
    else if (ready && state.running) hasRunning = true;
  }
  if (word !== 'Completed' || !hasRunning) return word;
  return isPodReady(pod) ? 'Running' : 'NotReady';
}

function initStatusWord(pod: Pod): string | undefined {
  const all = pod.spec.initContainers ?? [];
  for (const [index, { state = {} }] of (pod.status.initContainerStatuses ?? []).entries()) {
    if (state.terminated?.exitCode === 0) continue;
    if (state.terminated) return `Init:${terminationWord(state.terminated)}`;
    if (state.waiting?.reason && state.waiting.reason !== 'PodInitializing') return `Init:${state.waiting.reason}`;
    return `Init:${index}/${all.length}`;
  }
  return undefined;
}

function terminationWord({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

export function isPodReady(pod: Pod): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Ended for good, by success or failure. */
export function isPodFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

/** BestEffort without any request or limit, Guaranteed where both are equal everywhere, else Burstable. */
export function qosClassOf(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const stated = (name: 'requests' | 'limits', resource: string) => (container: (typeof containers)[number]) =>
    container.resources?.[name]?.[resource];
  const pairs = (['cpu', 'memory'] as const).flatMap((resource) =>
    containers.map((c) => ({ request: stated('requests', resource)(c), limit: stated('limits', resource)(c) })),
  );
  if (pairs.every(({ request, limit }) => request === undefined && limit === undefined)) return 'BestEffort';
  const guaranteed = pairs.every(({ request, limit }) => limit !== undefined && String(request) === String(limit));
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** The spec without what may change in a pod that exists: images, tolerations, deadline and binding. */
function immutablePart(pod: Pod, previous: Pod): string {
  const withoutImages = (containers: Pod['spec']['containers'] | undefined) =>
    containers?.map((c) => ({ ...c, image: '' }));
  const { containers, initContainers, tolerations, activeDeadlineSeconds, terminationGracePeriodSeconds, ...rest } =
    pod.spec;
  return JSON.stringify({
    ...rest,
    // Set once, by the binding.
    nodeName: previous.spec.nodeName ? pod.spec.nodeName : '',
    ephemeralContainers: undefined,
    containers: withoutImages(containers),
    initContainers: withoutImages(initContainers),
  });
}

export const pods = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  showsDeleted: true,
  subresources: [
    { name: 'binding', verbs: ['create'], kind: { group: '', version: 'v1', kind: 'Binding' } },
    { name: 'eviction', verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
    { name: 'log', verbs: ['get'] },
  ],
  columns,
  setDefaults: (pod) => {
    setPodSpecDefaults(pod.spec);
    pod.spec.enableServiceLinks ??= true;
    pod.status.phase ??= 'Pending';
    pod.status.qosClass ??= qosClassOf(pod);
  },
  validate: (pod) => validatePodSpec(pod.spec, 'spec'),
  validateUpdate: (pod, previous): Cause[] =>
    immutablePart(pod, previous) === immutablePart(previous, previous)
      ? []
      : [
          forbidden(
            'spec',
            'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
          ),
        ],
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status.phase ?? '',
    'status.podIP': ({ status }) => status.podIP ?? '',
    'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
  },
  gracePeriodSeconds: (pod, requested) => {
    // Nobody runs it: an unbound or finished pod has no owner who would end it.
    if (!pod.spec.nodeName || isPodFinished(pod)) return 0;
    const wanted = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    return wanted < 0 ? 1 : wholeUnits(wanted);
  },
});
