// StorageClass: a kind of storage, who provides it, and how volumes of it are made, bound and given back.

import { isDeepStrictEqual } from 'node:util';
import type { IStorageClass } from 'kubernetes-models/storage.k8s.io/v1/StorageClass';
import { checkLabels } from '../label-rules.ts';
import type { KubeObject, Served } from '../meta.ts';
import { newestFirst } from '../newest-first.ts';
import { type Cause, checkImmutable, checkOneOf, forbidden, required } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';
import { checkParameters, checkProvisioner } from './storage-driver.ts';

export type StorageClass = Served<IStorageClass>;

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** Claims that name no class get one of these: the newest. */
function isDefaultStorageClass({ metadata: { annotations } }: KubeObject): boolean {
  return defaultAnnotations.some((name) => annotations?.[name] === 'true');
}

export function newestDefaultClass<T extends KubeObject>(classes: readonly T[]): T | undefined {
  return classes.filter(isDefaultStorageClass).sort(newestFirst)[0];
}

function* validateTopologies({ allowedTopologies = [] }: StorageClass): Iterable<Cause> {
  for (const [index, { matchLabelExpressions = [] }] of allowedTopologies.entries()) {
    for (const [place, { key, values = [] }] of matchLabelExpressions.entries()) {
      const at = `allowedTopologies[${index}].matchLabelExpressions[${place}]`;
      yield* checkLabels(`${at}.key`, { [key ?? '']: '' });
      if (values.length === 0) yield required(`${at}.values`);
    }
  }
}

export const storageClasses = defineKind<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  namespaced: false,
  hasStatus: false,
  showsDeleted: true,
  columns: [
    {
      ...nameColumn,
      value: (storageClass) =>
        `${storageClass.metadata.name}${isDefaultStorageClass(storageClass) ? ' (default)' : ''}`,
    },
    {
      name: 'Provisioner',
      type: 'string',
      description: 'Who makes volumes of this class.',
      value: ({ provisioner }) => provisioner,
    },
    {
      name: 'ReclaimPolicy',
      type: 'string',
      description: 'What becomes of a volume when its claim is gone.',
      value: ({ reclaimPolicy }) => reclaimPolicy ?? '',
    },
    {
      name: 'VolumeBindingMode',
      type: 'string',
      description: 'When a claim gets its volume: at once, or with its first pod.',
      value: ({ volumeBindingMode }) => volumeBindingMode ?? '',
    },
    {
      name: 'AllowVolumeExpansion',
      type: 'string',
      description: 'Whether volumes of this class can grow.',
      value: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
  setDefaults: (storageClass) => {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: function* (storageClass) {
    const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = storageClass;
    yield* checkProvisioner('provisioner', provisioner);
    yield* checkParameters('parameters', parameters);
    yield* checkOneOf('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']);
    yield* checkOneOf('volumeBindingMode', volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
    yield* validateTopologies(storageClass);
  },
  validateUpdate: function* (storageClass, previous) {
    for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
      if (!isDeepStrictEqual(storageClass[field], previous[field])) {
        yield forbidden(field, `updates to ${field} are forbidden.`);
      }
    }
    yield* checkImmutable('volumeBindingMode', storageClass.volumeBindingMode, previous.volumeBindingMode);
  },
});
