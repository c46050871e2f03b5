// Who a request writes as, and which fields it owns after that: what a write adds to metadata.managedFields.
import { blankOf } from '../../api/apply/blank.ts';
import {
  checkOwnersSent,
  forgetsOwners,
  type Owner,
  ownersOf,
  ownersSent,
  sameOwners,
  type Writer,
} from '../../api/apply/owners.ts';
import { type Structure, structureOf } from '../../api/apply/structure.ts';
import { trackUpdate } from '../../api/apply/track.ts';
import { equalJson } from '../../api/equal-json.ts';
import { apiVersionOf, type Door, type Kind, storedKind } from '../../api/kinds/kind.ts';
import type { KubeObject } from '../../api/meta.ts';
import { Invalid } from '../../api/status.ts';
import { type Cause, forbidden, invalid, required, tooLong } from '../../api/validation.ts';
import { typeOf } from './decoding.ts';
import { optionKinds, type RestRequest } from './request.ts';

const nameLengthMost = 128;

export function doorOf({ kind, subresource }: RestRequest): Door {
  if (subresource === 'status') return 'status';
  return kind.subresources?.find(({ name }) => name === subresource)?.door ?? 'main';
}

/** What somebody makes of an object. */
interface Change {
  writer: Writer;
  before: KubeObject;
  after: KubeObject;
  door: Door;
  /** What the client says of the owners. */
  sent: unknown;
  now: string;
}

/** Throws Invalid where the query names nobody that could own fields. */
export function writerOf(request: RestRequest, operation: Writer['operation']): Writer {
  const { query, kind, subresource } = request;
  const causes = [...checkManager(query.fieldManager ?? '', operation), ...checkForce(request, operation)];
  if (causes.length > 0) {
    throw new Invalid({ group: 'meta.k8s.io', kind: optionKinds[request.verb] ?? 'PatchOptions', name: '' }, causes);
  }
  const manager = query.fieldManager || nameOfProgram(request.userAgent) || 'unknown';
  return { manager, operation, apiVersion: apiVersionOf(storedKind(kind)), subresource };
}

function checkManager(name: string, operation: Writer['operation']): Cause[] {
  if (!name) return operation === 'Apply' ? [required('fieldManager', 'is required for apply patch')] : [];
  if (Buffer.byteLength(name) > nameLengthMost) return [tooLong('fieldManager', nameLengthMost)];
  return isPrintable(name) ? [] : [invalid('fieldManager', name, 'should only contain printable characters')];
}

function checkForce({ query, verb }: RestRequest, operation: Writer['operation']): Cause[] {
  if (query.force === undefined || operation === 'Apply' || verb !== 'patch') return [];
  return [forbidden('force', 'may not be specified for non-apply patch')];
}

const isPrintable = (text: string) => !/[^\P{C}]|[\p{Zl}\p{Zp}]|[^\P{Zs} ]/u.test(text);

/** "kubectl" of "kubectl/v1.33.0 (linux/amd64)". */
function nameOfProgram(userAgent: string): string {
  const name = userAgent.split('/', 1)[0] ?? '';
  const printable = [...name].filter(isPrintable).join('');
  return Buffer.from(printable)
    .subarray(0, nameLengthMost)
    .toString()
    .replace(/\uFFFD$/, '');
}

/** What may be owned of a kind's objects by who writes through a door. A kind without a door for status has one for all. */
export function structureFor(kind: Kind, door: Door): Structure {
  return structureOf(typeOf(kind), kind.hasStatus ? door : 'both');
}

/** The owners of an object that is being created: who creates it owns what it says, defaults included. */
export function ownersOfNew(request: RestRequest, writer: Writer, draft: KubeObject, now: string): readonly Owner[] {
  const structure = structureFor(storedKind(request.kind), doorOf(request));
  return trackUpdate([], { structure, before: blankOf(structure), after: draft, writer, now });
}

/**
 * The owners of a changed object. An object whose owners were forgotten stays without any until somebody applies, and a
 * subresource with a POST of its own (a binding) writes for nobody.
 */
export function ownersOfChanged(request: RestRequest, change: Change): readonly Owner[] {
  const { writer, before, after, door, sent, now } = change;
  if (!request.subresource) checkSent(request, after, sent);
  const known = request.subresource ? ownersOf(before) : ownersSent(sent, ownersOf(before));
  if (request.verb === 'create' || known.length === 0) return known;
  const structure = structureFor(storedKind(request.kind), door);
  return trackUpdate(known, { structure, before, after, writer, now });
}

function checkSent({ kind: { group, kind } }: RestRequest, { metadata: { name } }: KubeObject, sent: unknown): void {
  if (!Array.isArray(sent) || forgetsOwners(sent)) return;
  const causes = [...checkOwnersSent(sent)];
  if (causes.length > 0) throw new Invalid({ group, kind, name }, causes);
}

export function setOwners({ metadata }: KubeObject, owners: readonly Owner[]): void {
  if (owners.length > 0) metadata.managedFields = owners as unknown as NonNullable<typeof metadata.managedFields>;
  else delete metadata.managedFields;
}

/** Whether a write would change nothing, or no more than the times at which its owners wrote. */
export function isUnchanged(draft: KubeObject, previous: KubeObject): boolean {
  return equalJson(withoutOwners(draft), withoutOwners(previous)) && sameOwners(ownersOf(draft), ownersOf(previous));
}

function withoutOwners(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
