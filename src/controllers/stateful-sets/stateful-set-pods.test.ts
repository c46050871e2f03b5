import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, revision, set } from './stateful-set-for-tests.ts';
import {
  draftClaims,
  draftStatefulPod,
  firstOrdinal,
  isClaimOf,
  isWanted,
  ordinalOf,
  withItsNames,
} from './stateful-set-pods.ts';

const ordinals: [podName: string, ordinal: number | undefined][] = [
  ['web-0', 0],
  ['web-12', 12],
  ['web-', undefined],
  ['web', undefined],
  ['web-01', undefined],
  ['web--1', undefined],
  ['web-x', undefined],
  ['web-1-2', undefined],
  ['website-1', undefined],
  ['other-1', undefined],
];
for (const [name, ordinal] of ordinals) {
  test(`${name} is ${ordinal === undefined ? 'no pod of web' : `number ${ordinal}`}`, () =>
    assert.equal(ordinalOf(set(), name), ordinal));
}

test('as many are wanted as there are replicas, from the first ordinal on', () => {
  const wanted = (spec: Parameters<typeof set>[0]) => [0, 1, 2, 3, 4, 5].filter((each) => isWanted(set(spec), each));
  assert.deepEqual(wanted({}), [0, 1, 2]);
  assert.deepEqual(wanted({ replicas: 0 }), []);
  assert.deepEqual(wanted({ replicas: 2, ordinals: { start: 3 } }), [3, 4]);
  assert.equal(firstOrdinal(set({ ordinals: { start: 3 } })), 3);
});

const volumeClaimTemplates = [
  { metadata: { name: 'tmp', labels: { tier: 'db' } }, spec: { accessModes: ['ReadWriteOnce' as const] } },
];

test('a pod knows who it is: by name, labels, host name and domain; a claim takes the place of a volume', () => {
  const { metadata, spec } = draftStatefulPod(set({ volumeClaimTemplates }), revision('new'), 4);
  assert.equal(metadata.name, 'web-4');
  assert.equal('generateName' in metadata, false);
  assert.deepEqual(metadata.labels, {
    app: 'web',
    'statefulset.kubernetes.io/pod-name': 'web-4',
    'apps.kubernetes.io/pod-index': '4',
    'controller-revision-hash': 'new',
  });
  assert.deepEqual([spec?.hostname, spec?.subdomain], ['web-4', 'svc']);
  assert.deepEqual(spec?.volumes, [{ name: 'tmp', persistentVolumeClaim: { claimName: 'tmp-web-4' } }]);
  const { serviceName: _, ...nameless } = set().spec;
  const alone = draftStatefulPod({ ...set(), spec: nameless }, revision('new'), 0);
  assert.equal('subdomain' in (alone.spec ?? {}), false);
  assert.deepEqual(alone.spec?.volumes, [{ name: 'tmp', emptyDir: {} }], 'without claims its own volumes stay');
});

test('a claim bears the labels of its template and those by which the set selects', () => {
  assert.deepEqual(draftClaims(set({ volumeClaimTemplates }), 1), [
    {
      metadata: { name: 'tmp-web-1', namespace: 'default', labels: { tier: 'db', app: 'web' } },
      spec: { accessModes: ['ReadWriteOnce'] },
    },
  ]);
  assert.deepEqual(draftClaims(set(), 1), []);
});

const claims: [name: string, isOwn: boolean][] = [
  ['tmp-web-0', true],
  ['tmp-web-17', true],
  ['tmp-web', false],
  ['tmp-web-x', false],
  ['tmp-website-0', false],
  ['data-web-0', false],
];
for (const [name, isOwn] of claims) {
  test(`${name} is ${isOwn ? 'a' : 'no'} claim of the set`, () =>
    assert.equal(isClaimOf(set({ volumeClaimTemplates }), name), isOwn));
}

test('a pod with all its names is left alone, one that lacks some gets them and keeps its other labels', () => {
  assert.equal(withItsNames(set(), pod('1'), 1), undefined);
  const { labels: _, ...metadata } = pod('1').metadata;
  const bare = { ...pod('1'), metadata: { ...metadata, labels: { app: 'web' } } };
  assert.deepEqual(withItsNames(set(), bare, 1)?.metadata.labels, {
    app: 'web',
    'statefulset.kubernetes.io/pod-name': 'web-1',
    'apps.kubernetes.io/pod-index': '1',
  });
});
