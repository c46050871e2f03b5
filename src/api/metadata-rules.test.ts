import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectMeta } from './meta.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata-rules.ts';
import { dnsSubdomainFaults } from './validation.ts';

const rules = { nameRule: dnsSubdomainFaults, namespaced: true };
const named = { name: 'x', namespace: 'default' };
const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true };

const cases: { name: string; metadata: object; fields: string[] }[] = [
  { name: 'plain', metadata: named, fields: [] },
  { name: 'nameless', metadata: { namespace: 'default' }, fields: ['metadata.name'] },
  { name: 'badly named', metadata: { ...named, name: 'X' }, fields: ['metadata.name'] },
  { name: 'nowhere', metadata: { name: 'x' }, fields: ['metadata.namespace'] },
  { name: 'with a prefix that ends in a dash', metadata: { ...named, generateName: 'web-' }, fields: [] },
  { name: 'with a faulty prefix', metadata: { ...named, generateName: 'Web-' }, fields: ['metadata.generateName'] },
  {
    name: 'with faulty labels',
    metadata: { ...named, labels: { 'a b': 'c', d: 'e f' } },
    fields: ['metadata.labels', 'metadata.labels'],
  },
  {
    name: 'with a faulty annotation',
    metadata: { ...named, annotations: { 'a b': '' } },
    fields: ['metadata.annotations'],
  },
  { name: 'with annotations in capitals', metadata: { ...named, annotations: { 'A.b/C': '' } }, fields: [] },
  {
    name: 'with more annotations than fit',
    metadata: { ...named, annotations: { a: 'x'.repeat(256 * 1024) } },
    fields: ['metadata.annotations'],
  },
  {
    name: 'with two controllers',
    metadata: { ...named, ownerReferences: [owner, { ...owner, name: 's' }] },
    fields: ['metadata.ownerReferences'],
  },
  {
    name: 'with half an owner',
    metadata: { ...named, ownerReferences: [{ kind: 'Pod' }] },
    fields: ['metadata.ownerReferences.apiVersion', 'metadata.ownerReferences.name', 'metadata.ownerReferences.uid'],
  },
  {
    name: 'with a finalizer of nobody',
    metadata: { ...named, finalizers: ['nope'] },
    fields: ['metadata.finalizers[0]'],
  },
  {
    name: 'with two fates',
    metadata: { ...named, finalizers: ['orphan', 'foregroundDeletion'] },
    fields: ['metadata.finalizers'],
  },
];

for (const { name, metadata, fields } of cases) {
  test(`an object ${name}`, () => {
    const causes = [...validateMetadata(metadata as ObjectMeta, rules)];
    assert.deepEqual(
      causes.map(({ field }) => field),
      fields,
    );
  });
}

const ending = { ...named, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] };

const changes: { name: string; before: object; after: object; fields: string[] }[] = [
  { name: 'its labels', before: named, after: { ...named, labels: { a: 'b' } }, fields: [] },
  { name: 'its uid', before: { ...named, uid: 'a' }, after: { ...named, uid: 'b' }, fields: ['metadata.uid'] },
  {
    name: 'its end',
    before: named,
    after: { ...named, deletionTimestamp: '2026-01-01T00:00:00Z' },
    fields: ['metadata.deletionTimestamp'],
  },
  { name: 'one finalizer less', before: ending, after: { ...ending, finalizers: [] }, fields: [] },
  {
    name: 'one more finalizer at its end',
    before: ending,
    after: { ...ending, finalizers: ['a/b', 'a/c'] },
    fields: ['metadata.finalizers'],
  },
];

for (const { name, before, after, fields } of changes) {
  test(`an object gets ${name}`, () => {
    const causes = [...validateMetadataUpdate(after as ObjectMeta, before as ObjectMeta)];
    assert.deepEqual(
      causes.map(({ field }) => field),
      fields,
    );
  });
}
