// Who owns which fields of an object: the entries of metadata.managedFields. An entry is never changed, but replaced.
import { equalJson } from '../equal-json.ts';
import { isFields, type KubeObject } from '../meta.ts';
import { type Cause, invalid } from '../validation.ts';
import { isFieldSet } from './element.ts';
import { type FieldSet, isEmpty, noFields, ordered, sameSet, union } from './field-set.ts';

/** Who writes, and how: what tells entries apart. Of an apply, whatever the version in which it was said. */
export interface Writer {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string | undefined;
}

export interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time?: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldSet;
  readonly subresource?: string;
}

/** More entries of updates than this become one. */
const updatersAtMost = 10;
const ancient = 'ancient-changes';

export function ownersOf({ metadata }: KubeObject): readonly Owner[] {
  return (metadata.managedFields ?? []) as unknown as readonly Owner[];
}

export function isSameWriter(a: Writer, b: Writer): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    (a.subresource ?? '') === (b.subresource ?? '') &&
    (a.operation === 'Apply' || a.apiVersion === b.apiVersion)
  );
}

export function ownerOf(writer: Writer, fields: FieldSet, time: string | undefined): Owner {
  const { manager, operation, apiVersion, subresource } = writer;
  return {
    manager,
    operation,
    apiVersion,
    ...(time && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: ordered(fields),
    ...(subresource && { subresource }),
  };
}

/** The same owner with other fields; itself where they are the same. */
export function owning(owner: Owner, fields: FieldSet): Owner {
  return fields === owner.fieldsV1 ? owner : { ...owner, fieldsV1: ordered(fields) };
}

/** Which owners a writer speaks of: those it sends, as who reads an object and writes it back does, or else the current ones. */
export function ownersSent(sent: unknown, current: readonly Owner[]): readonly Owner[] {
  if (!Array.isArray(sent) || equalJson(sent, current)) return current;
  if (forgetsOwners(sent)) return [];
  return sent.every(isOwner) ? sent : current;
}

/** What is wrong with owners that a client sends, where it is more than that they cannot be read. */
export function* checkOwnersSent(sent: readonly unknown[]): Iterable<Cause> {
  for (const [index, owner] of sent.entries()) {
    const { operation, fieldsType } = isFields(owner) ? owner : {};
    const path = `metadata.managedFields[${index}]`;
    if (operation !== 'Apply' && operation !== 'Update') {
      yield invalid(`${path}.operation`, operation ?? '', 'must be `Apply` or `Update`');
    }
    if (fieldsType && fieldsType !== 'FieldsV1') yield invalid(`${path}.fieldsType`, fieldsType, 'must be `FieldsV1`');
  }
}

/** Sending none at all, or one that says nothing, is how a client has them forgotten. */
export function forgetsOwners(sent: readonly unknown[]): boolean {
  return sent.length === 0 || (sent.length === 1 && isFields(sent[0]) && isEmpty(sent[0] as FieldSet));
}

function isOwner(value: unknown): value is Owner {
  if (!isFields(value)) return false;
  const { manager, operation, apiVersion, fieldsType, fieldsV1 } = value;
  const isWhole = typeof manager === 'string' && typeof apiVersion === 'string' && fieldsType === 'FieldsV1';
  return isWhole && (operation === 'Apply' || operation === 'Update') && isFieldSet(fieldsV1);
}

/** As they are kept: without those that own nothing, not too many, appliers first and then by age. */
export function tidied(owners: readonly Owner[]): readonly Owner[] {
  const owning = owners.filter(({ fieldsV1 }) => !isEmpty(fieldsV1));
  return withoutTooMany(owning).sort(inOrder);
}

function inOrder(a: Owner, b: Owner): number {
  return (
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.time ?? '', b.time ?? '') ||
    compareTexts(a.manager, b.manager) ||
    compareTexts(a.apiVersion, b.apiVersion) ||
    compareTexts(a.subresource ?? '', b.subresource ?? '')
  );
}

const compareTexts = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The oldest updates of a version become one entry, until there are few enough. */
function withoutTooMany(owners: Owner[]): Owner[] {
  const updates = owners.filter(({ operation }) => operation === 'Update').sort(inOrder);
  let tooMany = updates.length - updatersAtMost;
  if (tooMany <= 0) return owners;
  const gone = new Set<Owner>();
  const buckets = new Map<string, Owner[]>();
  for (const owner of updates) {
    if (tooMany <= 0) break;
    gone.add(owner);
    const bucket = buckets.get(owner.apiVersion);
    if (!bucket) {
      buckets.set(owner.apiVersion, [owner]);
      continue;
    }
    bucket.push(owner);
    tooMany--;
  }
  return [...owners.filter((owner) => !gone.has(owner)), ...[...buckets.values()].flatMap(asOne)];
}

/** Of the time of the last of them. */
function asOne(owners: readonly Owner[]): readonly Owner[] {
  const last = owners.at(-1);
  if (!last || owners.length === 1) return owners;
  const writer: Writer = { manager: ancient, operation: 'Update', apiVersion: last.apiVersion };
  return [ownerOf(writer, unionOf(owners.map(({ fieldsV1 }) => fieldsV1)), last.time)];
}

/** Half by half: however many there are, no field is looked at often. */
function unionOf(sets: readonly FieldSet[]): FieldSet {
  const [first = noFields, second] = sets;
  if (second === undefined) return first;
  const half = Math.ceil(sets.length / 2);
  return union(unionOf(sets.slice(0, half)), unionOf(sets.slice(half)));
}

/** Whether the same own the same, since whenever. */
export function sameOwners(a: readonly Owner[], b: readonly Owner[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every((owner, index) => {
      const other = b[index] as Owner;
      return (
        isSameWriter(owner, other) && owner.apiVersion === other.apiVersion && sameSet(owner.fieldsV1, other.fieldsV1)
      );
    })
  );
}
