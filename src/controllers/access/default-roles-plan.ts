// What is to be written so that a default role or binding grants what it should. What others added stays, and who sets
// the annotation `autoupdate` to "false" keeps all as it is. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { ClusterRole } from '../../api/kinds/cluster-role.ts';
import type { Role } from '../../api/kinds/role.ts';
import type { KubeObject, ObjectMeta } from '../../api/meta.ts';
import type { Binding } from '../../api/rbac/binding.ts';
import { autoUpdateAnnotation } from '../../api/rbac/defaults/objects.ts';
import { compact, uncovered } from '../../api/rbac/rule-cover.ts';

export type Step<T> = { do: 'create' | 'update' | 'recreate'; object: T };

type AnyRole = Role | ClusterRole;

export function planRole<T extends AnyRole>(wanted: T, existing: T | undefined): Step<T> | undefined {
  if (!existing) return { do: 'create', object: wanted };
  const missing = compact(uncovered(existing.rules ?? [], wanted.rules ?? []));
  const aggregationRule = mergedAggregation(wanted, existing);
  return updateUnlessSame(existing, {
    ...existing,
    metadata: mergedMeta(wanted.metadata, existing.metadata),
    ...(missing.length > 0 && { rules: [...(existing.rules ?? []), ...missing] }),
    ...(aggregationRule && { aggregationRule }),
  });
}

export function planBinding<T extends Binding>(wanted: T, existing: T | undefined): Step<T> | undefined {
  if (!existing) return { do: 'create', object: wanted };
  if (isKept(existing)) return undefined;
  // A binding's role cannot be changed.
  if (!isDeepStrictEqual(wanted.roleRef, existing.roleRef)) return { do: 'recreate', object: wanted };
  const subjects = existing.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((subject) => !subjects.some((had) => isDeepStrictEqual(had, subject)));
  return updateUnlessSame(existing, {
    ...existing,
    metadata: mergedMeta(wanted.metadata, existing.metadata),
    ...(missing.length > 0 && { subjects: [...subjects, ...missing] }),
  });
}

const isKept = ({ metadata }: KubeObject) => metadata.annotations?.[autoUpdateAnnotation] === 'false';

function updateUnlessSame<T extends KubeObject>(existing: T, object: T): Step<T> | undefined {
  return isKept(existing) || isDeepStrictEqual(existing, object) ? undefined : { do: 'update', object };
}

function mergedMeta(wanted: ObjectMeta, existing: ObjectMeta): ObjectMeta {
  return {
    ...existing,
    labels: { ...existing.labels, ...wanted.labels },
    annotations: { ...existing.annotations, ...wanted.annotations },
  };
}

function mergedAggregation(wanted: AnyRole, existing: AnyRole): ClusterRole['aggregationRule'] {
  if (!('aggregationRule' in wanted)) return undefined;
  const had = ('aggregationRule' in existing && existing.aggregationRule?.clusterRoleSelectors) || [];
  const missing = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (selector) => !had.some((other) => isDeepStrictEqual(other, selector)),
  );
  return { clusterRoleSelectors: [...had, ...missing] };
}
