import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metaPackage, typeNamed, typeNames, typeOfKind } from './schema.ts';
import type { ObjectType, Type } from './type.ts';

const fieldOf = (type: Type | undefined, name: string): Type => {
  const found = type?.is === 'object' ? type.fields.get(name) : undefined;
  assert.ok(found, `no field ${name}`);
  return found.type;
};

test('a kind is found by its group, version and name', () => {
  const cases: [string, string, string, string][] = [
    ['', 'v1', 'Pod', 'io.k8s.api.core.v1.Pod'],
    ['apps', 'v1', 'Deployment', 'io.k8s.api.apps.v1.Deployment'],
    ['rbac.authorization.k8s.io', 'v1', 'Role', 'io.k8s.api.rbac.v1.Role'],
    ['flowcontrol.apiserver.k8s.io', 'v1', 'FlowSchema', 'io.k8s.api.flowcontrol.v1.FlowSchema'],
    ['apiregistration.k8s.io', 'v1', 'APIService', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService'],
  ];
  for (const [group, version, kind, name] of cases) assert.equal(typeOfKind({ group, version, kind })?.name, name);
  assert.equal(typeOfKind({ group: 'example.com', version: 'v1', kind: 'Pod' }), undefined);
});

test('fields have the types by which Kubernetes writes them', () => {
  const pod = typeOfKind({ group: '', version: 'v1', kind: 'Pod' });
  const containers = fieldOf(fieldOf(pod, 'spec'), 'containers');
  assert.equal(containers.is, 'list');
  const container = containers.is === 'list' ? containers.of : undefined;
  assert.equal(fieldOf(fieldOf(container, 'livenessProbe'), 'periodSeconds').is, 'int32');
  assert.deepEqual(fieldOf(fieldOf(container, 'resources'), 'limits'), { is: 'map', of: { is: 'quantity' } });
  assert.equal(fieldOf(typeNamed('io.k8s.api.core.v1.ServicePort'), 'targetPort').is, 'intOrString');
  assert.deepEqual(fieldOf(typeNamed('io.k8s.api.core.v1.Secret'), 'data'), { is: 'map', of: { is: 'bytes' } });
  assert.equal(fieldOf(typeNamed('io.k8s.api.coordination.v1.LeaseSpec'), 'renewTime').is, 'microTime');
  assert.equal(fieldOf(typeNamed(`${metaPackage}.ObjectMeta`), 'creationTimestamp').is, 'time');
});

test('every type can be read, and only known scalars occur', () => {
  const scalars =
    'string bytes time microTime quantity intOrString int32 int64 double boolean any list map object'.split(' ');
  for (const name of typeNames()) {
    for (const { type } of (typeNamed(name) as ObjectType).fields.values()) {
      const held = type.is === 'list' || type.is === 'map' ? type.of : type;
      assert.ok(scalars.includes(held.is), `${name} has a ${held.is}`);
    }
  }
});
