// What the server does to every object on its way into the store, whatever its kind. Pure but for the draft it completes.
import { randomUUID } from 'node:crypto';
import { equalJson } from '../../api/equal-json.ts';
import { generatedName } from '../../api/generated-name.ts';
import { type Door, type Kind, storedKind } from '../../api/kinds/kind.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { validateMetadata, validateMetadataUpdate } from '../../api/metadata-rules.ts';
import { Invalid, StatusError } from '../../api/status.ts';
import { type Cause, dnsSubdomainFaults } from '../../api/validation.ts';

/** Spec and status, read and written without knowing the kind. */
type WithParts = KubeObject & { spec?: unknown; status?: unknown };

const countsGeneration = (kind: Kind) => kind.hasGeneration ?? kind.hasStatus;

/** A new object: what only the server may say is set, and status is its owner's to write. */
export function completeNew(kind: Kind, draft: WithParts, now: string): void {
  const { metadata } = draft;
  if (Number(metadata.resourceVersion ?? 0) !== 0) {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  metadata.name ||= metadata.generateName ? generatedName(metadata.generateName) : '';
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
    if (!kind.keepsNewStatus) draft.status = {};
  }
  if (countsGeneration(kind)) metadata.generation = 1;
  setDefaults(kind, draft);
}

/** A changed object: identity and deletion stay as they were, and spec and status are written through separate doors. */
export function completeChanged(kind: Kind, draft: WithParts, previous: WithParts, door: Door): void {
  const { metadata } = draft;
  const { uid = '', creationTimestamp = '', generation, ...before } = previous.metadata;
  metadata.uid ||= uid;
  metadata.creationTimestamp = creationTimestamp;
  delete metadata.managedFields;
  restore(metadata, { generation });
  // Who is being deleted stays so; that nobody else says it of an object, validation sees to.
  if (before.deletionTimestamp) metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds = before.deletionGracePeriodSeconds;
  }
  if (kind.hasStatus && door === 'main') draft.status = mutableCopy(previous.status);
  if (door === 'status') {
    const { status } = draft;
    const { labels, annotations } = metadata;
    for (const key of Object.keys(draft)) delete (draft as unknown as Record<string, unknown>)[key];
    Object.assign(draft, mutableCopy(previous), { status });
    const said = Object.entries({ labels, annotations });
    const kept: readonly string[] = kind.keptByStatus ?? [];
    restore(draft.metadata, Object.fromEntries(said.filter(([field]) => !kept.includes(field))));
  }
  setDefaults(kind, draft);
  kind.prepareUpdate?.(draft, previous, door);
}

/** Counts the generation of a changed object when nobody completes it any more. */
export function countGeneration(kind: Kind, draft: WithParts, previous: WithParts, door: Door): void {
  if (!countsGeneration(kind) || door === 'status') return;
  if (equalJson(countedContent(kind, draft), countedContent(kind, previous))) return;
  draft.metadata.generation = (previous.metadata.generation ?? 0) + 1;
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

/** Throws Invalid with everything that is wrong with a new object, which is written as this kind. */
export function validateNew(writtenAs: Kind, object: KubeObject): void {
  const kind = storedKind(writtenAs);
  const rules = { nameRule: kind.nameRule ?? dnsSubdomainFaults, namespaced: kind.namespaced };
  const ofView = writtenAs.view?.validate?.(object, undefined);
  refuse(kind, object, validateMetadata(object.metadata, rules), kind.validate?.(object), ofView);
}

/** What must hold of a changed object besides its metadata. */
export type UpdateRules = (object: KubeObject, previous: KubeObject) => Iterable<Cause>;

/** The rules for changes of an object that is written as this kind, through this door. */
export function updateRulesOf(writtenAs: Kind, door: Door): UpdateRules {
  const kind = storedKind(writtenAs);
  const { validateStatusUpdate } = kind;
  if (door === 'status' && validateStatusUpdate) return (object, previous) => validateStatusUpdate(object, previous);
  return (object, previous) => [
    ...(kind.validate?.(object, previous) ?? []),
    ...(kind.validateUpdate?.(object, previous) ?? []),
    ...(writtenAs.view?.validate?.(object, previous) ?? []),
  ];
}

/** Throws Invalid with everything that is wrong with a changed object. */
export function validateChanged(kind: Kind, object: KubeObject, previous: KubeObject, rules: UpdateRules): void {
  // Kubernetes looks at metadata as of all kinds, and again as of this kind: a fault is told twice.
  const ofMetadata = [...validateMetadataUpdate(object.metadata, previous.metadata)];
  refuse(kind, object, ofMetadata, ofMetadata, rules(object, previous));
}

function refuse(kind: Kind, { metadata }: KubeObject, ...faults: (Iterable<Cause> | undefined)[]): void {
  const causes = faults.flatMap((each) => [...(each ?? [])]);
  if (causes.length === 0) return;
  throw new Invalid({ group: kind.groupInErrors ?? kind.group, kind: kind.kind, name: metadata.name }, causes);
}
