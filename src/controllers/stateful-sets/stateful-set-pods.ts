// Who the pods of a stateful set are: their ordinals, names, labels and claims, and what is asked for to make one. Pure.
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import type { Draft } from '../../client/client.ts';
import { podFromTemplate } from '../children/pod-from-template.ts';
import { podRevisionLabel, templateOf } from '../children/revisions.ts';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export type NamedDraft<T extends Pod | PersistentVolumeClaim> = Draft<T> & { metadata: { name: string } };

/** The number in the pod's name; undefined where that is no name of the set's pods. */
export function ordinalOf({ metadata: { name } }: StatefulSet, podName: string): number | undefined {
  const number = podName.startsWith(`${name}-`) ? podName.slice(name.length + 1) : '';
  return /^(0|[1-9]\d*)$/.test(number) ? Number(number) : undefined;
}

export function firstOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

/** Whether the set wants a pod with this ordinal. */
export function isWanted(set: StatefulSet, ordinal: number): boolean {
  const first = firstOrdinal(set);
  return ordinal >= first && ordinal < first + (set.spec.replicas ?? 1);
}

export function revisionNameOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[podRevisionLabel];
}

const namesOf = (set: StatefulSet, ordinal: number) => ({
  [podNameLabel]: `${set.metadata.name}-${ordinal}`,
  [podIndexLabel]: String(ordinal),
});

export function draftStatefulPod(set: StatefulSet, revision: ControllerRevision, ordinal: number): NamedDraft<Pod> {
  const { metadata, spec = { containers: [] } } = podFromTemplate(templateOf(revision), set);
  const { generateName: _, ...rest } = metadata;
  const name = `${set.metadata.name}-${ordinal}`;
  const labels = { ...metadata.labels, ...namesOf(set, ordinal), [podRevisionLabel]: revision.metadata.name };
  const claimed = (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const others = (spec.volumes ?? []).filter((volume) => !claimed.some((claim) => claim.name === volume.name));
  const volumes = [...claimed, ...others];
  const { serviceName } = set.spec;
  return {
    metadata: { ...rest, name, labels },
    spec: {
      ...spec,
      hostname: name,
      ...(serviceName && { subdomain: serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  };
}

/** The pod with the labels by which it is known; undefined where it has them. */
export function withItsNames(set: StatefulSet, pod: Pod, ordinal: number): Pod | undefined {
  const { labels } = pod.metadata;
  const names = namesOf(set, ordinal);
  if (Object.entries(names).every(([label, value]) => labels?.[label] === value)) return undefined;
  return { ...pod, metadata: { ...pod.metadata, labels: { ...labels, ...names } } };
}

type ClaimTemplate = NonNullable<StatefulSet['spec']['volumeClaimTemplates']>[number];

const claimName = (set: StatefulSet, template: ClaimTemplate, ordinal: number) =>
  `${template.metadata?.name}-${set.metadata.name}-${ordinal}`;

export function draftClaims(set: StatefulSet, ordinal: number): NamedDraft<PersistentVolumeClaim>[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    metadata: {
      ...template.metadata,
      name: claimName(set, template, ordinal),
      ...(set.metadata.namespace && { namespace: set.metadata.namespace }),
      labels: { ...template.metadata?.labels, ...set.spec.selector.matchLabels },
    },
    ...(template.spec && { spec: template.spec }),
  }));
}

/** Whether a claim with this name is one of the set's pods'. */
export function isClaimOf(set: StatefulSet, name: string): boolean {
  return (set.spec.volumeClaimTemplates ?? []).some(({ metadata }) => {
    const prefix = `${metadata?.name}-`;
    return name.startsWith(prefix) && ordinalOf(set, name.slice(prefix.length)) !== undefined;
  });
}
