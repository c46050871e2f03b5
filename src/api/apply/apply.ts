// Server-side apply: a configuration laid over an object by somebody who owns what it says, and no longer what it said
// before and now doesn't. Pure: the answer is the object to be written and who then owns what.
import { isFields, type KubeObject } from '../meta.ts';
import { blankOf } from './blank.ts';
import { compare, type Difference, isSame } from './compare.ts';
import { ApplyConflict, conflictsBeyond, conflictsWith } from './conflicts.ts';
import { type FieldSet, noFields, sameSet, union } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import { fieldsLastApplied, keepsLastApplied, withLastApplied } from './last-applied.ts';
import { merge } from './merge.ts';
import { isSameWriter, type Owner, ownerOf, tidied, type Writer } from './owners.ts';
import { prune } from './prune.ts';
import type { Structure } from './structure.ts';
import { trackUpdate, without } from './track.ts';

export interface Application {
  structure: Structure;
  /** The object as it is; what is not there yet is one with no more than kind and name. */
  live: KubeObject;
  owners: readonly Owner[];
  config: Record<string, unknown>;
  /** An object as it is kept, in which nothing is null, and no empty list or map says nothing. */
  decode(object: Record<string, unknown>): Record<string, unknown>;
  writer: Writer;
  /** Takes what others own. */
  force: boolean;
  now: string;
}

export interface Applied {
  object: Record<string, unknown>;
  owners: readonly Owner[];
}

/** Throws ApplyConflict. */
export function apply(application: Application): Applied {
  const { structure, live, config, decode, writer, force, now } = application;
  const owners = knownOwners(application);
  const own = owners.find((owner) => isSameWriter(owner, writer));
  const others = owners.filter((owner) => owner !== own);
  const fields = fieldsOf(structure, config);
  const merged = merge(structure, live, config);
  const owned = others.reduce((set: FieldSet, { fieldsV1 }) => union(set, fieldsV1), fields);
  const pruned = prune(structure, merged, own?.fieldsV1 ?? noFields, owned);
  const object = decode(isFields(pruned) ? pruned : {});
  const change = compare(structure, live, object);
  if (!force) checkConflicts(application, others, change);
  const isAsBefore = own !== undefined && isSame(change) && sameSet(own.fieldsV1, fields);
  return {
    object: keepsLastApplied(writer, live) ? withLastApplied(object, config) : object,
    owners: tidied([...others.map((owner) => without(owner, change)), isAsBefore ? own : ownerOf(writer, fields, now)]),
  };
}

/** What nobody has owned so far belongs to whoever was there before the first apply. */
function knownOwners({ structure, live, owners, writer, now }: Application): readonly Owner[] {
  if (owners.length > 0 || !live.metadata.uid) return owners;
  const before: Writer = { manager: 'before-first-apply', operation: 'Update', apiVersion: writer.apiVersion };
  return trackUpdate([], { structure, before: blankOf(structure), after: live, writer: before, now });
}

function checkConflicts(
  { structure, live, writer }: Application,
  others: readonly Owner[],
  { changed }: Difference,
): void {
  const conflicts = conflictsWith(others, changed);
  if (conflicts.length === 0) return;
  const mayTake = keepsLastApplied(writer, live) ? fieldsLastApplied(structure, live) : noFields;
  const left = conflictsBeyond(conflicts, mayTake);
  if (left.length > 0) throw new ApplyConflict(left);
}
