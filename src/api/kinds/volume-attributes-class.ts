// VolumeAttributesClass: attributes of volumes, as speed, that may be changed while they are used.
import type { IVolumeAttributesClass } from 'kubernetes-models/storage.k8s.io/v1/VolumeAttributesClass';
import type { Served } from '../meta.ts';
import { forbidden, isSame, required } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';
import { checkParameters, checkProvisioner } from './storage-driver.ts';

export type VolumeAttributesClass = Served<IVolumeAttributesClass>;

export const volumeAttributesClasses = defineKind<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  shortNames: ['vac'],
  namespaced: false,
  hasStatus: false,
  showsDeleted: true,
  isInert: true,
  columns: [
    nameColumn,
    {
      name: 'DriverName',
      type: 'string',
      description: 'The driver that knows the attributes.',
      value: ({ driverName }) => driverName,
    },
    ageColumn,
  ],
  *validate({ driverName, parameters = {} }) {
    yield* checkProvisioner('driverName', driverName);
    yield* checkParameters('parameters', parameters);
    if (Object.keys(parameters).length === 0) {
      yield required('parameters', 'must contain at least one key/value pair');
    }
  },
  *validateUpdate(attributes, previous) {
    for (const field of ['driverName', 'parameters'] as const) {
      if (!isSame(attributes[field], previous[field])) yield forbidden(field, `updates to ${field} are forbidden.`);
    }
  },
});
