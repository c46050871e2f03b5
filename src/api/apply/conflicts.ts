// What an apply would take from others who own it, told as Kubernetes tells it.
import { type StatusCause, StatusError } from '../status.ts';
import { pathText } from './element.ts';
import { difference, type FieldSet, intersection, isEmpty, pathsOf } from './field-set.ts';
import type { Owner } from './owners.ts';

export interface Conflicting {
  owner: Owner;
  fields: FieldSet;
}

export class ApplyConflict extends StatusError {
  constructor(conflicts: readonly Conflicting[]) {
    const found = conflicts.flatMap(({ owner, fields }) =>
      [...pathsOf(fields)].map((path) => ({ owner: nameOf(owner), path: pathText(path) })),
    );
    const causes: StatusCause[] = found.map(({ owner, path }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${owner}`,
      field: path,
    }));
    super(409, 'Conflict', messageOf(found), { causes });
  }
}

/** Which owners, besides the writer, have what is to be changed. */
export function conflictsWith(owners: readonly Owner[], changed: FieldSet): Conflicting[] {
  return owners
    .map((owner) => ({ owner, fields: intersection(owner.fieldsV1, changed) }))
    .filter(({ fields }) => !isEmpty(fields))
    .sort((a, b) => (nameOf(a.owner) < nameOf(b.owner) ? -1 : 1));
}

/** The conflicts that are left when some fields may be taken. */
export function conflictsBeyond(conflicts: readonly Conflicting[], allowed: FieldSet): Conflicting[] {
  return conflicts
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) }))
    .filter(({ fields }) => !isEmpty(fields));
}

function nameOf({ manager, operation, apiVersion, subresource }: Owner): string {
  const through = subresource ? ` with subresource ${JSON.stringify(subresource)}` : '';
  return `${JSON.stringify(manager)}${through}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}

function messageOf(found: readonly { owner: string; path: string }[]): string {
  const [first] = found;
  if (found.length === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.path}`;
  const lines = [...new Set(found.map(({ owner }) => owner))].flatMap((owner) => [
    `conflicts with ${owner}:`,
    ...found.filter((conflict) => conflict.owner === owner).map(({ path }) => `- ${path}`),
  ]);
  return `Apply failed with ${found.length} conflicts: ${lines.join('\n')}`;
}
