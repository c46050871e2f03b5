import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, pods } from '../pod.ts';
import { qosClassOf } from './qos.ts';
import { type Resized, validateEphemeralUpdate, validateResize } from './updates.ts';

type Fields = Record<string, unknown>;

function podWith(spec: Fields): Pod {
  const pod = {
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'c', image: 'a:1' }], serviceAccountName: 'default', ...spec },
    status: {},
  } as unknown as Pod;
  pods.setDefaults?.(pod);
  return pod;
}

const fields = (causes: Iterable<{ field: string; message: string }>) => [...causes].map(({ field }) => field);

const gated = { schedulingGates: [{ name: 'g' }] };
const inZone = (zone: string, more: Fields[] = []): Fields => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }, ...more] }],
      },
    },
  },
});
const terms = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';

const changes: { name: string; before: Fields; after: Fields; refused: string[] }[] = [
  { name: 'another image', before: {}, after: { containers: [{ name: 'c', image: 'a:2' }] }, refused: [] },
  {
    name: 'another command',
    before: {},
    after: { containers: [{ name: 'c', image: 'a:1', command: ['x'] }] },
    refused: ['spec'],
  },
  {
    name: 'one more container',
    before: {},
    after: {
      containers: [
        { name: 'c', image: 'a:1' },
        { name: 'd', image: 'a:1' },
      ],
    },
    refused: ['spec.containers'],
  },
  { name: 'a deadline', before: {}, after: { activeDeadlineSeconds: 9 }, refused: [] },
  { name: 'a nearer deadline', before: { activeDeadlineSeconds: 9 }, after: { activeDeadlineSeconds: 5 }, refused: [] },
  {
    name: 'a later deadline',
    before: { activeDeadlineSeconds: 5 },
    after: { activeDeadlineSeconds: 9 },
    refused: ['spec.activeDeadlineSeconds'],
  },
  {
    name: 'no deadline any more',
    before: { activeDeadlineSeconds: 5 },
    after: {},
    refused: ['spec.activeDeadlineSeconds'],
  },
  { name: 'one more toleration', before: {}, after: { tolerations: [{ operator: 'Exists' }] }, refused: [] },
  {
    name: 'one toleration less',
    before: { tolerations: [{ operator: 'Exists' }] },
    after: {},
    refused: ['spec.tolerations'],
  },
  { name: 'a gate that opens', before: gated, after: {}, refused: [] },
  { name: 'a gate that comes', before: {}, after: gated, refused: ['spec.schedulingGates[0].name'] },
  { name: 'a node', before: {}, after: { nodeName: 'n' }, refused: ['spec'] },
  { name: 'a selector', before: {}, after: { nodeSelector: { a: 'b' } }, refused: ['spec'] },
  { name: 'a selector behind a gate', before: gated, after: { ...gated, nodeSelector: { a: 'b' } }, refused: [] },
  {
    name: 'another selector behind a gate',
    before: { ...gated, nodeSelector: { a: 'b' } },
    after: { ...gated, nodeSelector: { a: 'c' } },
    refused: ['spec.nodeSelector'],
  },
  {
    name: 'a narrower affinity behind a gate',
    before: { ...gated, ...inZone('z') },
    after: { ...gated, ...inZone('z', [{ key: 'disk', operator: 'Exists' }]) },
    refused: [],
  },
  {
    name: 'another affinity behind a gate',
    before: { ...gated, ...inZone('z') },
    after: { ...gated, ...inZone('y') },
    refused: [`${terms}[0]`],
  },
  {
    name: 'a grace that was negative',
    before: { terminationGracePeriodSeconds: -1 },
    after: { terminationGracePeriodSeconds: 1 },
    refused: [],
  },
];

for (const { name, before, after, refused } of changes) {
  test(`a pod gets ${name}`, () =>
    assert.deepEqual(fields(pods.validateUpdate?.(podWith(after), podWith(before)) ?? []), refused));
}

const withResources = (resources: Fields, more: Fields = {}) =>
  podWith({ containers: [{ name: 'c', image: 'a:1', resources, ...more }] }) as unknown as Resized;
const small = { requests: { cpu: '1', memory: '2Gi' }, limits: { cpu: '2', memory: '2Gi' } };

const resizes: { name: string; before: Resized; after: Resized; refused: string[] }[] = [
  {
    name: 'more cpu',
    before: withResources(small),
    after: withResources({ ...small, requests: { cpu: '1500m', memory: '2Gi' } }),
    refused: [],
  },
  {
    name: 'less memory while it runs',
    before: withResources(small),
    after: withResources({ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '1Gi' } }),
    refused: [],
  },
  {
    name: 'a limit of memory where it had none',
    before: withResources({ requests: { memory: '1Gi' } }),
    after: withResources({ requests: { memory: '1Gi' }, limits: { memory: '2Gi' } }),
    refused: [],
  },
  {
    name: 'nothing to ask for any more',
    before: withResources({ requests: { cpu: '1' } }),
    after: withResources({}),
    refused: ['spec', 'spec.containers[0].resources.requests'],
  },
  {
    name: 'a device',
    before: withResources({ requests: { cpu: '1' } }),
    after: withResources({ requests: { cpu: '1', 'a.b/c': '1' }, limits: { 'a.b/c': '1' } }),
    refused: ['spec'],
  },
];

for (const { name, before, after, refused } of resizes) {
  test(`a pod is resized: ${name}`, () => assert.deepEqual(fields(validateResize(after, before)), refused));
}

test('ephemeral containers stay as they came', () => {
  const spec = (...names: string[]) =>
    podWith({ ephemeralContainers: names.map((name) => ({ name, image: 'a' })) }).spec;
  assert.deepEqual(fields(validateEphemeralUpdate(spec('e', 'f'), spec('e'), {})), []);
  assert.deepEqual(fields(validateEphemeralUpdate(spec('f'), spec('e'), {})), ['spec.ephemeralContainers']);
});

const classes: [string, Fields[], string][] = [
  ['nothing stated', [{}], 'BestEffort'],
  ['limits alone', [{ limits: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
  [
    'the same in other words',
    [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }],
    'Guaranteed',
  ],
  ['one container without', [{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
  ['cpu alone', [{ limits: { cpu: '1' } }], 'Burstable'],
  ['no cpu in words', [{ requests: { cpu: '0' } }], 'BestEffort'],
];

for (const [name, resources, expected] of classes) {
  test(`quality of service: ${name}`, () => {
    const containers = resources.map((each, index) => ({ name: `c${index}`, image: 'a', resources: each }));
    assert.equal(qosClassOf(podWith({ containers }).spec), expected);
  });
}
