// PersistentVolumeClaim: storage that somebody asks for, and the volume that was found for it.

import { isDeepStrictEqual } from 'node:util';
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { isBeingDeleted, type Served } from '../meta.ts';
import { compareQuantities, parseQuantity } from '../quantity.ts';
import { quantityOf, roundResources } from '../resource-names.ts';
import { type Cause, checkImmutable, forbidden } from '../validation.ts';
import { type ClaimSpec, validateClaimSpec } from './claim-spec.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { type Column, defineKind } from './kind.ts';
import { accessModesText, storageClassOf } from './volume-access.ts';

export type PersistentVolumeClaim = Served<IPersistentVolumeClaim>;

/** The finalizer that keeps a claim while pods use it. */
export const claimProtection = 'kubernetes.io/pvc-protection';

const columns: Column<PersistentVolumeClaim>[] = [
  nameColumn,
  {
    name: 'Status',
    type: 'string',
    description: 'Whether the claim has its volume.',
    value: (claim) => (isBeingDeleted(claim) ? 'Terminating' : (claim.status.phase ?? '')),
  },
  {
    name: 'Volume',
    type: 'string',
    description: 'The volume that backs the claim.',
    value: ({ spec }) => spec.volumeName ?? '',
  },
  {
    name: 'Capacity',
    type: 'string',
    description: 'What the volume holds.',
    value: ({ spec, status }) => (spec.volumeName ? String(status.capacity?.storage ?? 0) : ''),
  },
  {
    name: 'Access Modes',
    type: 'string',
    description: 'How the volume may be used.',
    value: ({ spec, status }) => (spec.volumeName ? accessModesText(status.accessModes) : ''),
  },
  {
    name: 'StorageClass',
    type: 'string',
    description: 'The class of storage that is asked for.',
    value: (claim) => storageClassOf(claim) ?? '',
  },
  {
    name: 'VolumeAttributesClass',
    type: 'string',
    description: 'The class of the attributes that the volume has.',
    value: ({ spec }) => spec.volumeAttributesClassName ?? '<unset>',
  },
  ageColumn,
  {
    name: 'VolumeMode',
    type: 'string',
    priority: 1,
    description: 'A file system, or a bare device.',
    value: ({ spec }) => spec.volumeMode ?? '<unset>',
  },
];

/** The old and the new name of where the content comes from say the same. */
function alignDataSources(spec: ClaimSpec): void {
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { namespace, ...source } = spec.dataSourceRef;
    spec.dataSource = source;
  }
}

/** Everything but what a bound claim may change: more storage, another class of attributes. */
function immutablePart({ volumeName, volumeAttributesClassName, ...spec }: ClaimSpec, isBound: boolean): object {
  if (!isBound) return spec;
  const { storage, ...requests } = spec.resources?.requests ?? {};
  return { ...spec, resources: { ...spec.resources, requests } };
}

function* validateClaimUpdate(claim: PersistentVolumeClaim, previous: PersistentVolumeClaim): Iterable<Cause> {
  const isBound = claim.status.phase === 'Bound';
  // Given once, by whoever finds a volume or a default class.
  const isNamed = Boolean(previous.spec.volumeName) && claim.spec.volumeName !== previous.spec.volumeName;
  const getsClass = storageClassOf(previous) === undefined && claim.spec.storageClassName !== undefined;
  const now = { ...claim.spec, ...(getsClass && { storageClassName: '' }) };
  const then = { ...previous.spec, ...(getsClass && { storageClassName: '' }) };
  if (isNamed || !isDeepStrictEqual(immutablePart(now, isBound), immutablePart(then, isBound))) {
    yield forbidden(
      'spec',
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    );
  }
  const asked = quantityOf(claim.spec.resources?.requests, 'storage');
  const askedBefore = quantityOf(previous.spec.resources?.requests, 'storage');
  const held = quantityOf(previous.status.capacity, 'storage') ?? parseQuantity(0);
  if (
    asked &&
    askedBefore &&
    held &&
    compareQuantities(asked, askedBefore) < 0 &&
    compareQuantities(asked, held) <= 0
  ) {
    yield forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
  yield* checkImmutable('volumeMode', claim.spec.volumeMode, previous.spec.volumeMode);
}

export const persistentVolumeClaims = defineKind<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  namespaced: true,
  hasStatus: true,
  showsDeleted: true,
  hasGeneration: false,
  columns,
  prepareCreate: ({ spec, status }) => {
    status.phase = 'Pending';
    alignDataSources(spec);
  },
  setDefaults: ({ spec, status }) => {
    spec.volumeMode ??= 'Filesystem';
    status.phase ||= 'Pending';
    roundResources(spec.resources?.requests);
    roundResources(spec.resources?.limits);
    roundResources(status.capacity);
  },
  validate: ({ spec }) => validateClaimSpec(spec, 'spec'),
  validateUpdate: validateClaimUpdate,
});
