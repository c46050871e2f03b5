// Which nodes a daemon set is for, and the pod that it has for a node: bound by the scheduler, to that node alone. Pure.

import type { DaemonSet } from '../../api/kinds/daemon-set.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { PodSpec } from '../../api/kinds/pod-template.ts';
import { selectsNode } from '../../api/node-selection.ts';
import {
  notReadyTaint,
  type Toleration,
  unreachableTaint,
  unschedulableTaint,
  untoleratedTaint,
} from '../../api/taints.ts';
import type { Draft } from '../../client/client.ts';
import { podFromTemplate } from '../children/pod-from-template.ts';
import { podRevisionLabel } from '../children/revisions.ts';

const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';
const templateGenerationLabel = 'pod-template-generation';
const nodeNameField = 'metadata.name';

/** Nodes that are not well need their daemons all the same. */
const borne: readonly Toleration[] = [
  { key: notReadyTaint, operator: 'Exists', effect: 'NoExecute' },
  { key: unreachableTaint, operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: unschedulableTaint, operator: 'Exists', effect: 'NoSchedule' },
];
const borneOnHostNetwork: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

function tolerationsOf({ tolerations = [], hostNetwork }: PodSpec): Toleration[] {
  const added = hostNetwork ? [...borne, borneOnHostNetwork] : borne;
  const isSame = (one: Toleration, other: Toleration) =>
    one.key === other.key && one.effect === other.effect && one.operator === other.operator && !one.value;
  return [...tolerations.filter((own) => !added.some((each) => isSame(own, each))), ...added];
}

const specOf = ({ spec }: DaemonSet): PodSpec => spec.template.spec ?? { containers: [] };

export interface Eligibility {
  /** There is to be a pod. */
  isWanted: boolean;
  /** A pod that is there may stay. */
  mayStay: boolean;
}

export function eligibility(set: DaemonSet, node: Node): Eligibility {
  const spec = specOf(set);
  const isMeant = !spec.nodeName || spec.nodeName === node.metadata.name;
  if (!isMeant || !selectsNode(spec, node)) return { isWanted: false, mayStay: false };
  const { taints = [] } = node.spec;
  const tolerations = tolerationsOf(spec);
  return {
    isWanted: !untoleratedTaint(taints, tolerations, ['NoSchedule', 'NoExecute']),
    mayStay: !untoleratedTaint(taints, tolerations, ['NoExecute']),
  };
}

/** The node on which the pod is, or for which it is meant. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    const field = matchFields.find(({ key, operator }) => key === nodeNameField && operator === 'In');
    if (field?.values?.length === 1) return field.values[0];
  }
  return undefined;
}

export function isUpToDate(pod: Pod, hash: string): boolean {
  return pod.metadata.labels?.[podRevisionLabel] === hash;
}

export function draftDaemonPod(set: DaemonSet, hash: string, nodeName: string): Draft<Pod> {
  const { metadata, spec = { containers: [] } } = podFromTemplate(set.spec.template, set);
  const generation = set.metadata.annotations?.[templateGenerationAnnotation];
  const labels = {
    ...metadata.labels,
    [podRevisionLabel]: hash,
    ...(generation && { [templateGenerationLabel]: generation }),
  };
  const matchFields = [{ key: nodeNameField, operator: 'In' as const, values: [nodeName] }];
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    // What else is required of a node has been asked of this one.
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
  };
  return {
    metadata: { ...metadata, labels },
    spec: { ...spec, affinity: { ...spec.affinity, nodeAffinity }, tolerations: tolerationsOf(spec) },
  };
}
