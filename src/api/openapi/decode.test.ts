import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, Undecodable } from './decode.ts';
import { typeOfKind } from './schema.ts';
import type { ObjectType } from './type.ts';

const typeOf = (group: string, kind: string) => typeOfKind({ group, version: 'v1', kind }) as ObjectType;
const pod = typeOf('', 'Pod');

test('what the type does not have is left out and told with its path', () => {
  const { value, unknownFields } = decode(pod, {
    kind: 'Pod',
    foo: 1,
    metadata: { name: 'a', Labels: {} },
    spec: { containers: [{ name: 'c' }, { name: 'd', imagee: 'x', ports: [{ containerPort: 80, bar: true }] }] },
  });
  assert.deepEqual(unknownFields, [
    'foo',
    'metadata.Labels',
    'spec.containers[1].imagee',
    'spec.containers[1].ports[0].bar',
  ]);
  assert.deepEqual(value, {
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'c' }, { name: 'd', ports: [{ containerPort: 80 }] }] },
  });
});

test('what says nothing is left out, but for what must be there', () => {
  const { value } = decode(pod, {
    metadata: { labels: {}, annotations: null, finalizers: [], creationTimestamp: null },
    spec: { containers: [], nodeSelector: {}, affinity: {}, volumes: [{ name: 'v', emptyDir: {} }] },
  });
  assert.deepEqual(value, {
    metadata: {},
    spec: { containers: [], affinity: {}, volumes: [{ name: 'v', emptyDir: {} }] },
  });
});

test('a zero is kept where it is told apart from nothing', () => {
  const { value } = decode(typeOf('apps', 'Deployment'), {
    metadata: { name: '' },
    spec: {
      replicas: 0,
      paused: false,
      minReadySeconds: 0,
      template: { spec: { hostNetwork: false, hostUsers: false } },
    },
    status: { replicas: 0 },
  });
  assert.deepEqual(value, {
    metadata: {},
    spec: { replicas: 0, template: { spec: { hostUsers: false } } },
    status: {},
  });
});

test('quantities and times are written one way', () => {
  const resources = { limits: { cpu: '1000m', memory: 1024 }, requests: { cpu: 0.5 } };
  const { value } = decode(pod, {
    metadata: { creationTimestamp: '2026-01-02T03:04:05.678+02:00' },
    spec: { containers: [{ name: 'c', resources }] },
  });
  assert.deepEqual(value, {
    metadata: { creationTimestamp: '2026-01-02T01:04:05Z' },
    spec: {
      containers: [{ name: 'c', resources: { limits: { cpu: '1', memory: '1024' }, requests: { cpu: '500m' } } }],
    },
  });
  const lease = decode(typeOf('coordination.k8s.io', 'Lease'), { spec: { renewTime: '2026-01-02T03:04:05.5Z' } });
  assert.deepEqual(lease.value, { spec: { renewTime: '2026-01-02T03:04:05.500000Z' } });
});

test('what is of another type is refused, with its place', () => {
  const cases: [ObjectType, Record<string, unknown>, RegExp][] = [
    [
      pod,
      { metadata: { name: 1 } },
      /cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string/,
    ],
    [pod, { metadata: [] }, /array into Go struct field Pod.metadata of type v1.ObjectMeta/],
    [pod, { metadata: { labels: { a: 1 } } }, /metadata.labels.a of type string/],
    [pod, { spec: { containers: {} } }, /object into Go struct field PodSpec.spec.containers of type \[\]v1.Container/],
    [
      pod,
      { spec: { containers: [{ ports: [{ containerPort: '80' }] }] } },
      /string into .*containers.ports.containerPort of type int32/,
    ],
    [pod, { spec: { terminationGracePeriodSeconds: 1.5 } }, /number 1.5 into .* of type int64/],
    [pod, { spec: { priority: 2 ** 31 } }, /of type int32/],
    [pod, { spec: { hostNetwork: 'yes' } }, /of type bool/],
    [pod, { spec: { overhead: { cpu: 'much' } } }, /quantities must match/],
    [pod, { metadata: { deletionTimestamp: 'soon' } }, /parsing time "soon"/],
    [pod, { metadata: { deletionTimestamp: '2026-02-31T00:00:00Z' } }, /parsing time "2026-02-31/],
    [typeOf('', 'Secret'), { data: { a: '*' } }, /illegal base64 data at input byte 0/],
  ];
  for (const [type, body, expected] of cases) {
    assert.throws(
      () => decode(type, body),
      (error) => error instanceof Undecodable && expected.test(error.message),
      String(expected),
    );
  }
});
