// Objects as rows of a Table, the way kubectl shows them.
import type { Kind } from '../api/kinds/kind.ts';
import type { CachedObject } from './object-cache.ts';

type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  includeObject: IncludeObject;
  /** A watch sends the columns with the first row only. */
  withColumns: boolean;
}

export function tableOf(
  kind: Kind,
  items: readonly CachedObject[],
  metadata: object,
  { includeObject, withColumns }: TableOptions,
  nowMs: number,
): object {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns
      ? kind.columns.map(({ name, type, format = '', description, priority = 0 }) => ({
          name,
          type,
          format,
          description,
          priority,
        }))
      : null,
    rows: items.map((cached) => ({
      cells: kind.columns.map((column) => column.value(cached.object, nowMs)),
      ...conditionsOf(kind, cached),
      object: includeObject === 'None' ? null : includeObject === 'Object' ? cached.object : partialOf(cached),
    })),
  };
}

function conditionsOf(kind: Kind, { object }: CachedObject): { conditions?: RowCondition[] } {
  const completed = kind.completionOf?.(object);
  return completed ? { conditions: [{ type: 'Completed', status: 'True', ...completed }] } : {};
}

interface RowCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

/** An object without anything but its metadata. */
export function partialOf({ object: { metadata } }: CachedObject) {
  return { ...partialNames, metadata };
}

export const partialNames = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };
