import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeOfKind } from '../openapi/schema.ts';
import { blankOf } from './blank.ts';
import { compare } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { structureOf } from './structure.ts';

const type = typeOfKind({ group: '', version: 'v1', kind: 'Pod' });
const structure = structureOf(type, 'both');
const pod = (spec: object, rest: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x' },
  spec,
  ...rest,
});
const container = (content: object) => pod({ containers: [{ name: 'c', ...content }] });
const inContainer = (fields: FieldSet) => ({ 'f:spec': { 'f:containers': { 'k:{"name":"c"}': fields } } });

const cases: { name: string; before: object; after: object; changed?: FieldSet; removed?: FieldSet }[] = [
  { name: 'the same is no change', before: container({ args: ['x'] }), after: container({ args: ['x'] }) },
  {
    name: 'a scalar, and a list that is owned whole',
    before: container({ image: 'a', args: ['x'] }),
    after: container({ image: 'b', args: ['x', 'y'] }),
    changed: inContainer({ 'f:image': {}, 'f:args': {} }),
  },
  {
    name: 'what is new is owned with all that holds it',
    before: container({}),
    after: container({ env: [{ name: 'E', valueFrom: { fieldRef: { fieldPath: 'p' } } }] }),
    changed: inContainer({
      'f:env': {
        '.': {},
        'k:{"name":"E"}': { '.': {}, 'f:name': {}, 'f:valueFrom': { '.': {}, 'f:fieldRef': {} } },
      },
    }),
  },
  {
    name: 'what is gone is gone with all that was in it',
    before: container({ ports: [{ containerPort: 80 }], securityContext: { runAsUser: 1 } }),
    after: container({}),
    removed: inContainer({
      'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
      'f:securityContext': { '.': {}, 'f:runAsUser': {} },
    }),
  },
  {
    name: 'items are told apart by all their keys, said or not',
    before: container({ ports: [{ containerPort: 80, protocol: 'TCP' }] }),
    after: container({ ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP', name: 'dns' }] }),
    changed: inContainer({
      'f:ports': {
        'k:{"containerPort":80,"protocol":"UDP"}': { '.': {}, 'f:containerPort': {}, 'f:name': {}, 'f:protocol': {} },
      },
    }),
    removed: inContainer({ 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { 'f:protocol': {} } } }),
  },
  {
    name: 'items in another order are the same items',
    before: pod({ containers: [{ name: 'a' }, { name: 'b' }] }),
    after: pod({ containers: [{ name: 'b' }, { name: 'a' }] }),
  },
  {
    name: 'of items with the same key all count as one',
    before: container({
      env: [
        { name: 'E', value: '1' },
        { name: 'E', value: '2' },
      ],
    }),
    after: container({ env: [{ name: 'E', value: '2' }] }),
    changed: inContainer({ 'f:env': { 'k:{"name":"E"}': {} } }),
  },
  {
    name: 'sets by their values, maps by their entries or whole',
    before: pod({ nodeSelector: { a: '1' } }, { metadata: { finalizers: ['a/b'], labels: { l: '1' } } }),
    after: pod({ nodeSelector: { a: '2' } }, { metadata: { finalizers: ['c/d'], labels: { l: '1', m: '2' } } }),
    changed: {
      'f:metadata': { 'f:finalizers': { 'v:"c/d"': {} }, 'f:labels': { 'f:m': {} } },
      'f:spec': { 'f:nodeSelector': {} },
    },
    removed: { 'f:metadata': { 'f:finalizers': { 'v:"a/b"': {} } } },
  },
  {
    name: 'what the server alone says belongs to nobody',
    before: pod({}),
    after: pod({}, { metadata: { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: 't', generation: 2 } }),
  },
];

for (const { name, before, after, changed = {}, removed = {} } of cases) {
  test(name, () => assert.deepEqual(compare(structure, before, after), { changed, removed }));
}

test('what is always there belongs to nobody', () => {
  const { changed } = compare(structure, blankOf(structure), pod({ restartPolicy: 'Always' }, { status: {} }));
  assert.deepEqual(changed, { 'f:spec': { 'f:restartPolicy': {} } });
});

test('through a door nobody owns what is behind the other', () => {
  const after = pod({ hostname: 'h' }, { status: { phase: 'Running' } });
  const spec = { 'f:spec': { 'f:hostname': {} } };
  const status = { 'f:status': { 'f:phase': {} } };
  const through = (door: 'main' | 'status' | 'both') =>
    compare(structureOf(type, door), blankOf(structure), after).changed;
  assert.deepEqual([through('main'), through('status'), through('both')], [spec, status, { ...spec, ...status }]);
});

test('what has no type is owned by the entries of its objects', () => {
  const free = structureOf(undefined, 'both');
  const before = { metadata: {}, spec: { a: { b: 1, c: [1] }, d: 1 } };
  const after = { metadata: {}, spec: { a: { b: 2, c: [1, 2] }, d: { e: 1 } } };
  assert.deepEqual(compare(free, before, after).changed, {
    'f:spec': { 'f:a': { 'f:b': {}, 'f:c': {} }, 'f:d': {} },
  });
});
