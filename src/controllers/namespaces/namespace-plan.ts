// What keeps a namespace from ending, as conditions in Kubernetes' words. Pure.
import { type Kind, resourceOf } from '../../api/kinds/kind.ts';
import type { Namespace } from '../../api/kinds/namespace.ts';
import type { KubeObject } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';

export interface Remaining {
  kind: Kind;
  objects: KubeObject[];
}

type NamespaceCondition = NonNullable<Namespace['status']['conditions']>[number];

export function emptyingConditions(
  namespace: Namespace,
  remaining: Remaining[],
  nowMs: number,
  failures: readonly string[] = [],
): NamespaceCondition[] {
  const finalizers = countFinalizers(remaining);
  const content = remaining.map(({ kind, objects }) => `${nameOf(kind)} has ${objects.length} resource instances`);
  const held = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const claims: Omit<NamespaceCondition, 'lastTransitionTime'>[] = [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failures.length > 0
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`,
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        },
    content.length > 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${content.join(', ')}`,
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        },
    held.length > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ];
  return claims.map((claim) => {
    const known = namespace.status.conditions?.find(({ type }) => type === claim.type);
    const lastTransitionTime = (known?.status === claim.status && known.lastTransitionTime) || timestamp(nowMs);
    return { ...claim, lastTransitionTime };
  });
}

/** Kubernetes writes "pods." for the group without a name. */
function nameOf(kind: Kind): string {
  return kind.group ? resourceOf(kind) : `${kind.plural}.`;
}

function countFinalizers(remaining: Remaining[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { metadata } of remaining.flatMap(({ objects }) => objects)) {
    for (const finalizer of metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  return counts;
}
