// The replica sets of a deployment in time: which one is of the present template, which are older, and the revisions
// that are noted on them. Pure.
import type { Deployment } from '../../api/kinds/deployment.ts';
import type { PodTemplateSpec } from '../../api/kinds/pod-template.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { controllerReference, isBeingDeleted } from '../../api/meta.ts';
import { canonical, podTemplateHash, podTemplateHashLabel } from '../../api/pod-template-hash.ts';
import type { Draft } from '../../client/client.ts';

const prefix = 'deployment.kubernetes.io/';
export const revisionAnnotation = `${prefix}revision`;
const revisionHistoryAnnotation = `${prefix}revision-history`;
export const desiredReplicasAnnotation = `${prefix}desired-replicas`;
export const maxReplicasAnnotation = `${prefix}max-replicas`;

/** Annotations of the deployment that its replica sets do not get. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
]);

export interface History {
  /** The set of the present template. */
  current: ReplicaSet | undefined;
  /** Oldest first. */
  old: readonly ReplicaSet[];
  /** What the present template is to be numbered as. */
  revision: number;
}

export function readHistory(deployment: Deployment, sets: readonly ReplicaSet[]): History {
  const sorted = sets.toSorted(byAge);
  const current = sorted.find((set) => isSameTemplate(set.spec.template, deployment.spec.template));
  const old = sorted.filter((set) => set !== current);
  const revision = Math.max(0, ...old.map(revisionOf)) + 1;
  return { current, old, revision: Math.max(revision, current ? revisionOf(current) : 0) };
}

export function byAge(one: ReplicaSet, other: ReplicaSet): number {
  const [a, b] = [one.metadata.creationTimestamp ?? '', other.metadata.creationTimestamp ?? ''];
  return a === b ? (one.metadata.name < other.metadata.name ? -1 : 1) : a < b ? -1 : 1;
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0) || 0;
}

/** Equal but for the label by which the pods of different templates are told apart. */
export function isSameTemplate(one: PodTemplateSpec, other: PodTemplateSpec): boolean {
  return canonical(withoutHash(one)) === canonical(withoutHash(other));
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [podTemplateHashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** The set for the present template, without its size. */
export function draftReplicaSet(
  deployment: Deployment,
  revision: number,
): Draft<ReplicaSet> & { spec: ReplicaSet['spec'] } {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = podTemplateHash(template, deployment.status.collisionCount);
  const hashed = { [podTemplateHashLabel]: hash };
  const labels = { ...template.metadata?.labels, ...hashed };
  return {
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(deployment.metadata.namespace && { namespace: deployment.metadata.namespace }),
      labels,
      annotations: { ...handedDown(deployment), [revisionAnnotation]: String(revision) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      ...(minReadySeconds && { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...hashed } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Annotations of the present set: the deployment's, and a revision that never goes back. */
export function currentAnnotations(
  deployment: Deployment,
  current: ReplicaSet,
  revision: number,
): Record<string, string> {
  const annotations = { ...current.metadata.annotations, ...handedDown(deployment) };
  const before = revisionOf(current);
  if (before < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (before > 0) {
      const history = annotations[revisionHistoryAnnotation];
      annotations[revisionHistoryAnnotation] = history ? `${history},${before}` : String(before);
    }
  }
  return annotations;
}

function handedDown({ metadata }: Deployment): Record<string, string> {
  const entries = Object.entries(metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key));
  return Object.fromEntries(entries);
}

/** Old sets beyond the limit that have nothing left to do. */
export function outlived({ spec }: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const kept = old.filter((set) => !isBeingDeleted(set)).toSorted((a, b) => revisionOf(a) - revisionOf(b));
  const surplus = kept.length - (spec.revisionHistoryLimit ?? 10);
  return kept
    .slice(0, Math.max(0, surplus))
    .filter(
      ({ metadata, spec: { replicas }, status }) =>
        replicas === 0 && status.replicas === 0 && (metadata.generation ?? 0) <= (status.observedGeneration ?? 0),
    );
}
