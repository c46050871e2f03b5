import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../api/meta.ts';
import { planClaims } from './claims.ts';

function object(name: string, options: { app?: string; owner?: string; deleted?: boolean } = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { app: options.app ?? 'web' },
      ...(options.owner && {
        ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: options.owner, controller: true }],
      }),
      ...(options.deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
  };
}

const candidates = [
  object('mine', { owner: 'me' }),
  object('mine no longer', { owner: 'me', app: 'other' }),
  object('another’s', { owner: 'you' }),
  object('orphan'),
  object('orphan of another kind', { app: 'other' }),
  object('dying orphan', { deleted: true }),
];

const selector = { matchLabels: { app: 'web' } };

const names = (owner: KubeObject) => {
  const { owned, adopt, release } = planClaims(owner, selector, candidates);
  const namesOf = (objects: KubeObject[]) => objects.map(({ metadata }) => metadata.name);
  return { owned: namesOf(owned), adopt: namesOf(adopt), release: namesOf(release) };
};

test('an owner keeps, adopts and lets go by its selector', () => {
  const owner = { ...object('owner'), metadata: { name: 'owner', uid: 'me' } };
  assert.deepEqual(names(owner), { owned: ['mine'], adopt: ['orphan'], release: ['mine no longer'] });
});

test('an owner that is being deleted neither adopts nor lets go', () => {
  const owner = { ...object('owner'), metadata: { name: 'owner', uid: 'me', deletionTimestamp: 'now' } };
  assert.deepEqual(names(owner), { owned: ['mine'], adopt: [], release: [] });
});
