// ConfigMap: plain configuration, as text and as bytes.
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { Served } from '../meta.ts';
import { configKeyFaults } from '../name-rules.ts';
import { type Causes, checkName, invalid, tooLong } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { checkSealed, maxContentBytes } from './content.ts';
import { defineKind } from './kind.ts';

export type ConfigMap = Served<IConfigMap>;

function* validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): Causes {
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    yield* checkName(`data[${key}]`, key, configKeyFaults);
    if (Object.hasOwn(binaryData, key)) yield invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    yield* checkName(`binaryData[${key}]`, key, configKeyFaults);
    bytes += Buffer.byteLength(value, 'base64');
  }
  if (bytes > maxContentBytes) yield tooLong('[]', maxContentBytes);
}

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
  validate: validateConfigMap,
  validateUpdate: (map, previous) => checkSealed(map, previous, ['data', 'binaryData']),
});
