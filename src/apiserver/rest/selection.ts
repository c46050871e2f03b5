// Which objects a list or watch means: by namespace, labels and fields.
import type { Kind } from '../../api/kinds/kind.ts';
import type { KubeObject } from '../../api/meta.ts';
import { matchesFields, matchesRequirements, parseFieldSelector, parseLabelSelector } from '../../api/selector.ts';
import { BadRequest } from '../../api/status.ts';
import type { RestRequest } from './request.ts';

export type Selection = (object: KubeObject) => boolean;

export function selectionOf({ kind, namespace, query }: RestRequest): Selection {
  const labels = parseLabelSelector(query.labelSelector ?? '');
  const fields = parseFieldSelector(query.fieldSelector ?? '');
  return (object) => {
    if (namespace && object.metadata.namespace !== namespace) return false;
    if (!matchesRequirements(labels, object.metadata.labels)) return false;
    if (fields.length === 0) return true;
    const known = fieldsOf(kind, object);
    for (const { field } of fields) {
      if (!Object.hasOwn(known, field)) throw new BadRequest(`field label not supported: ${field}`);
    }
    return matchesFields(fields, known);
  };
}

function fieldsOf(kind: Kind, object: KubeObject): Record<string, string> {
  const { name, namespace = '' } = object.metadata;
  return {
    ...kind.selectableFields?.(object),
    'metadata.name': name,
    ...(kind.namespaced && { 'metadata.namespace': namespace }),
  };
}
