// Who owns what after a create, an update or a patch: what the writer changed becomes its own and nobody else's.
import { compare, type Difference } from './compare.ts';
import { difference, type FieldSet, isEmpty, noFields, union } from './field-set.ts';
import { isSameWriter, type Owner, ownerOf, owning, tidied, type Writer } from './owners.ts';
import type { Structure } from './structure.ts';

export interface Change {
  structure: Structure;
  before: object;
  after: object;
  writer: Writer;
  now: string;
}

/** The same list where the writer changed nothing that can be owned. */
export function trackUpdate(
  owners: readonly Owner[],
  { structure, before, after, writer, now }: Change,
): readonly Owner[] {
  const { changed, removed } = compare(structure, before, after);
  if (isEmpty(changed) && isEmpty(removed)) return owners;
  const others = owners.map((owner) => without(owner, { changed, removed }));
  if (isEmpty(changed)) return tidied(others);
  const own = others.find((owner) => isSameWriter(owner, writer));
  const fields = union(own?.fieldsV1 ?? noFields, changed);
  return tidied([...others.filter((owner) => owner !== own), ownerOf(writer, fields, now)]);
}

/** What an owner still owns after somebody else's change. */
export function without(owner: Owner, { changed, removed }: Difference): Owner {
  const left: FieldSet = difference(difference(owner.fieldsV1, changed), removed);
  return owning(owner, left);
}
