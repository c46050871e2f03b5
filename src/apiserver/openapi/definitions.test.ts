import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Definitions, enumIn } from './definitions.ts';
import type { JsonObject, Version } from './schema-object.ts';

const core = 'io.k8s.api.core.v1';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const pod = { group: '', kind: 'Pod', version: 'v1' };
const policies = 'When.\n\nPossible enum values:\n - `"Always"` means that.\n - `"Never"`';
const words = {
  [`${core}.Pod`]: { '': 'A pod.', spec: 'What it is to be.' },
  [`${core}.PodSpec`]: { restartPolicy: policies },
  [`${core}.PersistentVolumeSpec`]: { accessModes: policies },
};
const made = (version: Version) => new Definitions(version, words, new Map([[`${core}.Pod`, [pod]]]));
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const refV2 = (name: string) => ({ $ref: `#/definitions/${name}` });

const property = (version: Version, type: string, field: string) =>
  (made(version).named(type).schema.properties as Record<string, JsonObject>)[field];

test('a kind has its names, its words, and its fields as references', () => {
  const { schema, uses } = made('v2').named(`${core}.Pod`);
  assert.deepEqual(schema, {
    description: 'A pod.',
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: refV2(`${meta}.ObjectMeta`),
      spec: { ...refV2(`${core}.PodSpec`), description: 'What it is to be.' },
      status: refV2(`${core}.PodStatus`),
    },
    'x-kubernetes-group-version-kind': [pod],
  });
  assert.deepEqual(uses, [`${meta}.ObjectMeta`, `${core}.PodSpec`, `${core}.PodStatus`]);
});

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const atomicTexts = {
  type: 'array',
  items: { type: 'string', default: '' },
  'x-kubernetes-list-type': 'atomic',
};
const container = { allOf: [ref(`${core}.Container`)], default: {} };
const cases: [what: string, version: Version, type: string, field: string, expected: JsonObject][] = [
  [
    'an object that is always there',
    'v3',
    `${core}.Pod`,
    'metadata',
    { allOf: [ref(`${meta}.ObjectMeta`)], default: {} },
  ],
  ['an object that need not be there', 'v3', `${core}.PodSpec`, 'affinity', ref(`${core}.Affinity`)],
  ['a scalar that must be there', 'v3', `${core}.Container`, 'name', { type: 'string', default: '' }],
  ['the same in version 2, which tells no defaults', 'v2', `${core}.Container`, 'name', { type: 'string' }],
  ['a default of its own', 'v3', `${core}.ContainerPort`, 'protocol', { type: 'string', default: 'TCP' }],
  ['a list that is owned whole', 'v3', `${core}.Container`, 'args', atomicTexts],
  [
    'bytes',
    'v2',
    `${core}.Secret`,
    'data',
    { type: 'object', additionalProperties: { type: 'string', format: 'byte' } },
  ],
  [
    'quantities',
    'v3',
    `${core}.ResourceRequirements`,
    'limits',
    { type: 'object', additionalProperties: ref(quantity) },
  ],
  ['a moment', 'v2', `${meta}.ObjectMeta`, 'creationTimestamp', refV2(`${meta}.Time`)],
  ['managed fields', 'v3', `${meta}.ManagedFieldsEntry`, 'fieldsV1', ref(`${meta}.FieldsV1`)],
  ['the items of a list kind', 'v2', `${core}.PodList`, 'items', { type: 'array', items: refV2(`${core}.Pod`) }],
  [
    'a list that is merged by a key',
    'v3',
    `${core}.PodSpec`,
    'containers',
    {
      type: 'array',
      items: container,
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    },
  ],
  [
    'a map that is owned whole',
    'v3',
    `${core}.ServiceSpec`,
    'selector',
    { type: 'object', additionalProperties: { type: 'string', default: '' }, 'x-kubernetes-map-type': 'atomic' },
  ],
  [
    'values of which there are few',
    'v2',
    `${core}.PodSpec`,
    'restartPolicy',
    { type: 'string', description: policies, enum: ['Always', 'Never'] },
  ],
  [
    'lists of such values',
    'v2',
    `${core}.PersistentVolumeSpec`,
    'accessModes',
    {
      type: 'array',
      description: policies,
      items: { type: 'string', enum: ['Always', 'Never'] },
      'x-kubernetes-list-type': 'atomic',
    },
  ],
];

for (const [what, version, type, field, expected] of cases) {
  test(`${what}: ${field} in ${version}`, () => assert.deepEqual(property(version, type, field), expected));
}

test('what is no object with fields has a form in each version', () => {
  const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
  assert.equal(made('v2').named(intOrString).schema.type, 'string');
  assert.deepEqual(made('v3').named(intOrString).schema.oneOf, [{ type: 'integer' }, { type: 'string' }]);
  assert.equal(made('v3').named(`${meta}.Time`).schema.format, 'date-time');
});

test('a kind that nobody has described may have any fields', () => {
  assert.deepEqual(made('v3').named('com.example.v1.Boat'), { schema: { type: 'object' }, uses: [] });
});

test('types that are owned whole say so, and required fields are told', () => {
  const { schema } = made('v3').named(`${core}.SecretKeySelector`);
  assert.equal(schema['x-kubernetes-map-type'], 'atomic');
  assert.deepEqual(schema.required, ['key']);
});

test('a description without a list of values has none', () => {
  assert.equal(enumIn('One of "a" and "b".'), undefined);
  assert.equal(enumIn(), undefined);
});
