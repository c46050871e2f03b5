// Which objects a list or watch means: by namespace, labels and fields.
import type { Kind } from '../../api/kinds/kind.ts';
import type { KubeObject } from '../../api/meta.ts';
import { matchesRequirements, parseFieldSelector, parseLabelSelector } from '../../api/selector.ts';
import { BadRequest } from '../../api/status.ts';
import type { CachedObject } from '../object-cache.ts';
import type { RestRequest } from './request.ts';

export type Selection = (cached: CachedObject) => boolean;

export function selectionOf({ kind, namespace, query }: RestRequest): Selection {
  const labels = parseLabelSelector(query.labelSelector ?? '');
  const fields = parseFieldSelector(query.fieldSelector ?? '');
  const known = fieldsOf(kind);
  for (const { field } of fields) {
    if (!Object.hasOwn(known, field)) throw new BadRequest(unknownField(kind, field));
  }
  // Every change is held against every watch, so nothing is made for it.
  const matchesFields = (object: KubeObject) =>
    fields.every(({ field, value, negated }) => ((known[field]?.(object) ?? '') === value) !== negated);
  return (cached) => {
    const { metadata } = cached.object;
    return (
      (!namespace || metadata.namespace === namespace) &&
      matchesRequirements(labels, metadata.labels) &&
      (fields.length === 0 || matchesFields(cached.as(kind).object))
    );
  };
}

/** Kinds with fields of their own word it in one way, all others in another. */
function unknownField({ selectableFields }: Kind, field: string): string {
  if (selectableFields) return `field label not supported: ${field}`;
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function fieldsOf(kind: Kind): Record<string, (object: KubeObject) => string> {
  return {
    ...kind.selectableFields,
    'metadata.name': ({ metadata }) => metadata.name,
    ...(kind.namespaced && { 'metadata.namespace': ({ metadata }: KubeObject) => metadata.namespace ?? '' }),
  };
}
