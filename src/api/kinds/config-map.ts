// ConfigMap: plain configuration.
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { Served } from '../meta.ts';
import { forbidden } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ConfigMap = Served<IConfigMap>;

const contentOf = ({ data, binaryData, immutable }: ConfigMap) => JSON.stringify([data, binaryData, immutable]);

export const configMaps = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  hasStatus: false,
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      description: 'How many entries there are.',
      value: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    },
    ageColumn,
  ],
  validateUpdate: (map, previous) =>
    previous.immutable && contentOf(map) !== contentOf(previous)
      ? [forbidden('data', 'field is immutable when `immutable` is set')]
      : [],
});
