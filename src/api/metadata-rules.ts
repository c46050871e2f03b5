// What Kubernetes asks of every object's metadata, whatever its kind: when it is made, and when it is changed.

import { checkLabels, qualifiedNameFaults } from './label-rules.ts';
import type { ObjectMeta, OwnerReference } from './meta.ts';
import {
  type Causes,
  checkName,
  checkNonNegative,
  dnsLabelFaults,
  forbidden,
  invalid,
  type NameRule,
  required,
  tooLong,
} from './validation.ts';

const maxAnnotationBytes = 256 * 1024;

export interface MetadataRules {
  nameRule: NameRule;
  namespaced: boolean;
}

export function* validateMetadata(metadata: ObjectMeta, { nameRule, namespaced }: MetadataRules): Causes {
  const { name, generateName, namespace } = metadata;
  if (generateName) {
    // What follows the prefix makes its last dash an inner one.
    for (const fault of nameRule(generateName.replace(/.-$/, 'a'))) {
      yield invalid('metadata.generateName', generateName, fault);
    }
  }
  if (name) yield* checkName('metadata.name', name, nameRule);
  else yield required('metadata.name', 'name or generateName is required');
  if (!namespaced && namespace) yield forbidden('metadata.namespace', 'not allowed on this type');
  if (namespaced) {
    if (namespace) yield* checkName('metadata.namespace', namespace, dnsLabelFaults);
    else yield required('metadata.namespace');
  }
  yield* checkNonNegative('metadata.generation', metadata.generation);
  yield* validateWritable(metadata);
}

const fixedFields = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

export function* validateMetadataUpdate(metadata: ObjectMeta, previous: ObjectMeta): Causes {
  if (previous.deletionTimestamp) {
    const known = new Set(previous.finalizers);
    const added = (metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
    if (added.length > 0) {
      const list = added.sort().map((finalizer) => JSON.stringify(finalizer));
      yield forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list.join(', ')}}`,
      );
    }
  }
  for (const field of fixedFields) {
    if (metadata[field] !== previous[field]) yield invalid(`metadata.${field}`, metadata[field], 'field is immutable');
  }
  yield* validateWritable(metadata);
}

/** What whoever writes an object may change of its metadata at any time. */
function* validateWritable({ labels, annotations, ownerReferences, finalizers }: ObjectMeta): Causes {
  if (labels) yield* checkLabels('metadata.labels', labels);
  if (annotations) yield* validateAnnotations(annotations, 'metadata.annotations');
  if (ownerReferences) yield* validateOwners(ownerReferences);
  if (finalizers) yield* validateFinalizers(finalizers);
}

export function* validateAnnotations(annotations: Record<string, string> | undefined, at: string): Causes {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const fault of qualifiedNameFaults(key.toLowerCase())) yield invalid(at, key, fault);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > maxAnnotationBytes) yield tooLong(at, maxAnnotationBytes);
}

function* validateOwners(owners: readonly OwnerReference[]): Causes {
  const at = 'metadata.ownerReferences';
  let controller = '';
  for (const owner of owners) {
    yield* validateOwner(owner, at);
    if (!owner.controller) continue;
    const name = `${owner.kind}/${owner.name}`;
    if (!controller) {
      controller = name;
      continue;
    }
    yield invalid(
      at,
      owners,
      `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
    );
  }
}

function* validateOwner(owner: Partial<OwnerReference>, at: string): Causes {
  const { apiVersion = '', kind = '' } = owner;
  if (apiVersion === '' || apiVersion.endsWith('/')) {
    yield invalid(`${at}.apiVersion`, apiVersion, 'version must not be empty');
  }
  for (const field of ['kind', 'name', 'uid'] as const) {
    if (!owner[field]) yield invalid(`${at}.${field}`, '', 'must not be empty');
  }
  if (apiVersion === 'v1' && kind === 'Event') {
    yield invalid(at, owner, '/v1, Kind=Event is disallowed from being an owner');
  }
}

const plainFinalizers = ['foregroundDeletion', 'kubernetes', 'orphan'];

function* validateFinalizers(finalizers: readonly string[]): Causes {
  const at = 'metadata.finalizers';
  for (const finalizer of finalizers) yield* checkName(at, finalizer, qualifiedNameFaults);
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    yield invalid(at, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
  for (const [index, finalizer] of finalizers.entries()) yield* checkPlainFinalizer(`${at}[${index}]`, finalizer);
}

/** A finalizer without a domain must be one of Kubernetes' own. */
export function* checkPlainFinalizer(field: string, finalizer: string): Causes {
  if (!finalizer.includes('/') && !plainFinalizers.includes(finalizer)) {
    yield invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}
