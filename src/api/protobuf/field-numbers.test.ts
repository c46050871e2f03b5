import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allKinds } from '../kinds/all.ts';
import { metaPackage, typeNamed, typeOfKind } from '../openapi/schema.ts';
import type { ObjectType, Type } from '../openapi/type.ts';
import { fieldNumbers } from './field-numbers.ts';
import { isPointerField } from './field-table.ts';
import { type Message, messageOf, type WireType } from './message.ts';

/** What travels besides the kinds of the table: bodies and answers of subresources, and what every group has. */
const others = [
  ...['core.v1.Binding', 'autoscaling.v1.Scale', 'policy.v1.Eviction', 'authentication.v1.TokenRequest'],
  ...['authentication.v1.TokenReview', 'authentication.v1.SelfSubjectReview', 'authorization.v1.SubjectAccessReview'],
  ...['authorization.v1.SelfSubjectAccessReview', 'authorization.v1.SelfSubjectRulesReview'],
  'authorization.v1.LocalSubjectAccessReview',
].map((name) => `io.k8s.api.${name}`);
const inEveryGroup = ['Status', 'DeleteOptions', 'ListMeta', 'APIGroupList', 'APIResourceList', 'APIVersions'];

function servedTypes(): ObjectType[] {
  const roots = [
    ...allKinds.map((kind) => typeOfKind(kind)),
    ...[...others, ...inEveryGroup.map((name) => `${metaPackage}.${name}`)].map((name) => typeNamed(name)),
  ];
  const found = new Set<ObjectType>();
  const add = (type: Type | undefined): void => {
    if (type?.is === 'list' || type?.is === 'map') add(type.of);
    if (type?.is !== 'object' || found.has(type)) return;
    found.add(type);
    for (const field of type.fields.values()) add(field.type);
  };
  for (const root of roots) {
    assert.ok(root, 'a kind that is served is unknown to the schema');
    add(root);
  }
  return [...found];
}

function namesIn({ fields }: Message): string[] {
  return fields.flatMap(({ name, type }) => (type.is === 'inlined' ? namesIn(type.message) : [name]));
}

test('every field of every served type has a number', () => {
  const missing = servedTypes().flatMap((type) => {
    const message = messageOf(type);
    if (!message) return [type.name];
    const names = new Set(namesIn(message));
    // An object's own names stand in the envelope.
    const isRoot = type.fields.has('metadata') || type.name.startsWith(metaPackage);
    return [...type.fields.keys()]
      .filter((name) => !names.has(name) && !(isRoot && (name === 'kind' || name === 'apiVersion')))
      .map((name) => `${type.name}.${name}`);
  });
  assert.deepEqual(missing, [], 'see "A new version of Kubernetes" in CONTRIBUTING.md');
});

test('a number stands for one field only', () => {
  for (const type of servedTypes()) {
    const { fields = [] } = messageOf(type) ?? {};
    assert.equal(new Set(fields.map(({ number }) => number)).size, fields.length, type.name);
    assert.deepEqual(
      fields,
      fields.toSorted((a, b) => a.number - b.number),
      type.name,
    );
  }
});

test('the table names nothing twice, and no field of a served type that the schema lacks', () => {
  const names = fieldNumbers.split('\n').filter((line) => line.startsWith(' '));
  assert.ok(names.length > 500);
  let inPackage = '';
  const seen = new Set<string>();
  for (const line of fieldNumbers.trim().split('\n')) {
    if (!line.startsWith(' ')) inPackage = line;
    else {
      const [name = '', ...fields] = line.trim().split(' ');
      assert.ok(!seen.has(`${inPackage}.${name}`), `${inPackage}.${name} stands there twice`);
      seen.add(`${inPackage}.${name}`);
      const type = typeNamed(`${inPackage}.${name}`);
      if (!type) continue; // some messages show in JSON as something else
      for (const field of fields) {
        const plain = /^(?:\d+=)?([\w$-]+)/.exec(field)?.[1];
        if (plain && !field.includes('+'))
          assert.ok(type.fields.has(plain), `${inPackage}.${name} has no field ${plain}`);
      }
    }
  }
});

test('numbers are the ones of Kubernetes', () => {
  const cases: [string, string, number][] = [
    ['core.v1.PodSpec', 'volumes', 1],
    ['core.v1.PodSpec', 'hostNetwork', 11],
    ['core.v1.PodSpec', 'hostUsers', 37],
    ['core.v1.PodSpec', 'hostnameOverride', 41],
    ['core.v1.Container', 'restartPolicyRules', 25],
    ['core.v1.ServiceSpec', 'ipFamilyPolicy', 17],
    ['apps.v1.DeploymentSpec', 'progressDeadlineSeconds', 9],
    ['apps.v1.DeploymentCondition', 'lastUpdateTime', 6],
    ['batch.v1.JobSpec', 'backoffLimit', 7],
    ['rbac.v1.PolicyRule', 'nonResourceURLs', 5],
  ];
  for (const [type, field, number] of cases) {
    const message = messageOf(typeNamed(`io.k8s.api.${type}`) as ObjectType);
    assert.equal(message?.fields.find(({ name }) => name === field)?.number, number, `${type}.${field}`);
  }
});

test('pointers are told from what Go always writes', () => {
  const cases: [string, string, boolean | undefined][] = [
    ['apps.v1.DeploymentSpec', 'replicas', true],
    ['apps.v1.DeploymentSpec', 'minReadySeconds', false],
    ['core.v1.SecurityContext', 'runAsUser', true],
    ['core.v1.PodSpec', 'automountServiceAccountToken', true],
    ['core.v1.PodSpec', 'nodeName', false],
    ['core.v1.PodSpec', 'hostNetwork', false],
    ['core.v1.PersistentVolumeClaimSpec', 'storageClassName', true],
    ['core.v1.ConfigMap', 'immutable', true],
    ['core.v1.Volume', 'emptyDir', true],
    ['core.v1.Probe', 'httpGet', true],
    ['core.v1.Probe', 'periodSeconds', false],
    ['core.v1.ConfigMapKeySelector', 'name', false],
    ['core.v1.PodSpec', 'nothing', undefined],
  ];
  for (const [type, field, isPointer] of cases) {
    assert.equal(isPointerField(`io.k8s.api.${type}`, field), isPointer, `${type}.${field}`);
  }
});

test('what JSON shows differently is known', () => {
  const wireTypeOf = (type: string, field: string): WireType['is'] | undefined =>
    messageOf(typeNamed(type) as ObjectType)?.fields.find(({ name }) => name === field)?.type.is;
  const schema = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
  assert.equal(wireTypeOf(schema, 'items'), 'choice');
  assert.equal(wireTypeOf(schema, 'default'), 'any');
  assert.equal(wireTypeOf(`${metaPackage}.APIResource`, 'verbs'), 'wrapped');
  assert.equal(wireTypeOf('io.k8s.api.core.v1.Volume', 'VolumeSource'), 'inlined');
});
