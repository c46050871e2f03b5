// Pod: containers that run together on one node.
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { Served } from '../meta.ts';
import { wholeUnits } from '../quantity.ts';
import { type Causes, dnsLabelFaults, forbidden } from '../validation.ts';
import { defineKind, proxyVerbs } from './kind.ts';
import { podColumns } from './pod-columns.ts';
import { validateAgreement, validateAnnotationUpdates, validatePodAnnotations } from './pod-spec/annotations.ts';
import { applyAppArmor } from './pod-spec/app-armor.ts';
import { checkImageSpaces } from './pod-spec/containers.ts';
import { setPodOnlyDefaults, setPodSpecDefaults } from './pod-spec/defaults.ts';
import { applyLabelKeys } from './pod-spec/label-keys.ts';
import { validatePodSpec } from './pod-spec/pod-spec.ts';
import { qosClassOf } from './pod-spec/qos.ts';
import { keepObservedGenerations, validatePodStatus } from './pod-spec/status.ts';
import { validateSpecUpdate } from './pod-spec/updates.ts';
import { warningsForPodSpec } from './pod-spec/warnings.ts';

export type Pod = Served<IPod>;
export type ContainerStatus = NonNullable<Pod['status']['containerStatuses']>[number];
export type PodCondition = NonNullable<Pod['status']['conditions']>[number];

export function isPodReady(pod: Pod): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Ended for good, by success or failure. */
export function isPodFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

/** The rules of every pod, and those of a new one where there is no previous state. */
export function* validatePod({ metadata, spec }: Pod, previous?: Pod): Causes {
  yield* validatePodAnnotations(metadata.annotations ?? {}, spec, 'metadata.annotations');
  yield* validatePodSpec(spec, 'spec', { isPod: true, podName: metadata.name });
  if (!spec.serviceAccountName) yield* validateTokens(spec);
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[field] ?? []).entries()) {
      yield* checkImageSpaces(container, `spec.${field}[${index}]`);
    }
  }
  if (previous) return;
  if (spec.ephemeralContainers?.length) yield forbidden('spec.ephemeralContainers', 'cannot be set on create');
  if (spec.nodeName && spec.schedulingGates?.length) {
    yield forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
  }
  yield* validateAgreement(metadata, spec, 'spec');
}

function* validateTokens({ volumes = [] }: Pod['spec']): Causes {
  for (const [index, { projected }] of volumes.entries()) {
    for (const [place, { serviceAccountToken }] of (projected?.sources ?? []).entries()) {
      if (!serviceAccountToken) continue;
      const field = `spec.volumes[${index}].projected.sources[${place}].serviceAccountToken`;
      yield forbidden(field, 'must not be specified when serviceAccountName is not set');
    }
  }
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
    { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
    { name: 'log', verbs: ['get'] },
    { name: 'exec', verbs: ['create', 'get'], kind: { group: '', version: 'v1', kind: 'PodExecOptions' } },
    { name: 'attach', verbs: ['create', 'get'], kind: { group: '', version: 'v1', kind: 'PodAttachOptions' } },
    {
      name: 'portforward',
      verbs: ['create', 'get'],
      kind: { group: '', version: 'v1', kind: 'PodPortForwardOptions' },
    },
    { name: 'proxy', verbs: proxyVerbs, kind: { group: '', version: 'v1', kind: 'PodProxyOptions' } },
    { name: 'resize', verbs: ['get', 'patch', 'update'] },
  ],
  columns: podColumns,
  completionOf: ({ status }) => {
    if (status.phase === 'Succeeded') return { reason: 'Succeeded', message: 'The pod has completed successfully.' };
    return status.phase === 'Failed' ? { reason: 'Failed', message: 'The pod failed.' } : undefined;
  },
  setDefaults: ({ spec }) => {
    spec.containers ??= [];
    setPodSpecDefaults(spec);
    setPodOnlyDefaults(spec);
  },
  prepareCreate: (pod, warn) => {
    const { spec, metadata } = pod;
    applyAppArmor(spec, metadata, warn);
    applyLabelKeys(spec, metadata);
    pod.status = { phase: 'Pending', qosClass: qosClassOf(spec) };
    if (!spec.schedulingGates?.length) return;
    const message = 'Scheduling is blocked due to non-empty scheduling gates';
    pod.status.conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message }];
  },
  prepareUpdate: (pod, previous, door) => {
    if (door !== 'status') return;
    const { ownerReferences } = previous.metadata;
    if (ownerReferences) pod.metadata.ownerReferences = ownerReferences;
    else delete pod.metadata.ownerReferences;
    if (previous.status.qosClass) pod.status.qosClass ??= previous.status.qosClass;
    keepObservedGenerations(pod.status, previous.status);
  },
  validate: validatePod,
  *validateUpdate(pod, previous) {
    const [now, before] = [pod.metadata.annotations ?? {}, previous.metadata.annotations ?? {}];
    yield* validateAnnotationUpdates(now, before, 'metadata.annotations');
    yield* validateSpecUpdate(pod.spec, previous.spec);
  },
  validateStatusUpdate: ({ status, spec }, previous) => validatePodStatus(status, previous.status, spec),
  warningsFor: ({ metadata, spec }, previous) => {
    // Pods are changed often, and seldom by people.
    if (previous) return [];
    const faults = dnsLabelFaults(metadata.name);
    const ofName = `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`;
    return [...(faults.length > 0 ? [ofName] : []), ...warningsForPodSpec(spec, metadata, '')];
  },
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status.phase ?? '',
    'status.podIP': ({ status }) => status.podIPs?.[0]?.ip ?? status.podIP ?? '',
    'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
  },
  gracePeriodSeconds: (pod, requested) => {
    // Nobody runs it: an unbound or finished pod has no owner who would end it.
    if (!pod.spec.nodeName || isPodFinished(pod)) return 0;
    const wanted = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    return wanted < 0 ? 1 : wholeUnits(wanted);
  },
});
