// What the server does to every object on its way into the store, whatever its kind. Pure but for the draft it completes.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Door, Kind } from '../../api/kinds/kind.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { randomSuffix } from '../../api/random-suffix.ts';
import { Invalid } from '../../api/status.ts';
import { type Cause, checkName, dnsSubdomainFaults, invalid, required } from '../../api/validation.ts';

/** Spec and status, read and written without knowing the kind. */
type WithParts = KubeObject & { spec?: unknown; status?: unknown };

const countsGeneration = (kind: Kind) => kind.hasGeneration ?? kind.hasStatus;

/** A new object: what only the server may say is set, and status is its owner's to write. */
export function completeNew(kind: Kind, draft: WithParts, now: string): void {
  const { metadata } = draft;
  metadata.name ||= metadata.generateName ? `${metadata.generateName}${randomSuffix()}` : '';
  metadata.uid = randomUUID();
  metadata.creationTimestamp = now;
  for (const field of [
    'resourceVersion',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'managedFields',
    'selfLink',
  ] as const) {
    delete metadata[field];
  }
  if (kind.hasStatus) {
    draft.spec ??= {};
    draft.status = {};
  }
  if (countsGeneration(kind)) metadata.generation = 1;
  kind.prepareCreate?.(draft);
  setDefaults(kind, draft);
}

/** A changed object: identity and deletion stay as they were, and spec and status are written through separate doors. */
export function completeChanged(kind: Kind, draft: WithParts, previous: WithParts, door: Door): void {
  const { metadata } = draft;
  const {
    uid = '',
    creationTimestamp = '',
    generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  } = previous.metadata;
  Object.assign(metadata, { uid, creationTimestamp });
  delete metadata.managedFields;
  restore(metadata, { generation, deletionTimestamp, deletionGracePeriodSeconds });
  if (kind.hasStatus && door === 'main') draft.status = mutableCopy(previous.status);
  if (door === 'status') {
    const { status } = draft;
    const { labels, annotations } = metadata;
    for (const key of Object.keys(draft)) delete (draft as unknown as Record<string, unknown>)[key];
    Object.assign(draft, mutableCopy(previous), { status });
    restore(draft.metadata, { labels, annotations });
  }
  setDefaults(kind, draft);
  kind.prepareUpdate?.(draft, previous, door);
  const isCounted = countsGeneration(kind) && door === 'main';
  if (isCounted && !isDeepStrictEqual(countedContent(kind, draft), countedContent(kind, previous))) {
    draft.metadata.generation = (generation ?? 0) + 1;
  }
}

function countedContent(kind: Kind, object: WithParts): unknown {
  if (kind.countedContent) return kind.countedContent(object);
  const { metadata, status, ...content } = object;
  return content;
}

export function setDefaults(kind: Kind, draft: WithParts): void {
  if (kind.hasStatus) {
    draft.spec ??= {};
    draft.status ??= {};
  }
  kind.setDefaults?.(draft);
}

function restore(target: object, values: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) delete (target as Record<string, unknown>)[key];
    else (target as Record<string, unknown>)[key] = value;
  }
}

/** Throws Invalid with everything that is wrong. */
export function validate(kind: Kind, object: KubeObject, previous?: KubeObject): void {
  const causes: Cause[] = [
    ...(previous ? [] : checkOwnName(kind, object.metadata.name)),
    ...validateMetadata(object),
    ...(kind.validate?.(object, previous) ?? []),
    ...(previous ? (kind.validateUpdate?.(object, previous) ?? []) : []),
  ];
  if (causes.length === 0) return;
  throw new Invalid({ group: kind.groupInErrors ?? kind.group, kind: kind.kind, name: object.metadata.name }, causes);
}

function checkOwnName(kind: Kind, name: string): Cause[] {
  if (!name) return [required('metadata.name', 'name or generateName is required')];
  return checkName('metadata.name', name, kind.nameRule ?? dnsSubdomainFaults);
}

const qualifiedName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

function validateMetadata({ metadata }: KubeObject): Cause[] {
  const causes: Cause[] = [];
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!qualifiedName.test(key))
      causes.push(invalid('metadata.labels', key, 'name part must consist of alphanumeric characters'));
    if (typeof value !== 'string' || !labelValue.test(value)) {
      causes.push(
        invalid(
          'metadata.labels',
          value,
          'a valid label must be an empty string or consist of alphanumeric characters',
        ),
      );
    }
  }
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!qualifiedName.test(key.toLowerCase()))
      causes.push(invalid('metadata.annotations', key, 'is not a qualified name'));
    if (typeof value !== 'string') causes.push(invalid('metadata.annotations', value, 'must be a string'));
  }
  return causes;
}
