import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, OwnerReference } from '../../api/meta.ts';
import {
  blockingDependents,
  type GarbageStep,
  isDeletingDependents,
  isOrphaning,
  type JudgedOwner,
  planDependent,
  withoutBlocking,
  withoutFinalizer,
  withoutOwners,
} from './garbage-plan.ts';

const reference = (uid: string, blockOwnerDeletion?: boolean): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  ...(blockOwnerDeletion !== undefined && { blockOwnerDeletion }),
});

function object(metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', uid: 'x', ...metadata } };
}

const owners = (...states: JudgedOwner['state'][]) =>
  states.map((state, index): JudgedOwner => ({ reference: reference(`o${index}`), state }));

const cases: {
  name: string;
  object?: KubeObject;
  owners: JudgedOwner[];
  dependents?: boolean;
  expected: GarbageStep;
}[] = [
  { name: 'no owner', owners: [], expected: { do: 'nothing' } },
  { name: 'owner there', owners: owners('there'), expected: { do: 'nothing' } },
  { name: 'owner of an unknown kind', owners: owners('unknown'), expected: { do: 'nothing' } },
  { name: 'owner gone', owners: owners('gone'), expected: { do: 'delete', policy: 'Background' } },
  { name: 'all owners gone', owners: owners('gone', 'gone'), expected: { do: 'delete', policy: 'Background' } },
  { name: 'one of two gone', owners: owners('there', 'gone'), expected: { do: 'forget-owners', uids: ['o1'] } },
  {
    name: 'one waits, one is unknown',
    owners: owners('waiting', 'unknown'),
    expected: { do: 'forget-owners', uids: ['o0'] },
  },
  { name: 'owner waits', owners: owners('waiting'), expected: { do: 'delete', policy: 'Background' } },
  {
    name: 'owner waits, and others wait for this',
    owners: owners('waiting'),
    dependents: true,
    expected: { do: 'delete', policy: 'Foreground' },
  },
  {
    name: 'already being deleted',
    object: object({ deletionTimestamp: 'now' }),
    owners: owners('gone'),
    expected: { do: 'nothing' },
  },
  {
    name: 'wants its dependents to stay',
    object: object({ finalizers: ['orphan'] }),
    owners: owners('gone'),
    expected: { do: 'delete', policy: 'Orphan' },
  },
];

for (const { name, object: one = object(), owners: judged, dependents = false, expected } of cases) {
  test(`garbage: ${name}`, () => assert.deepEqual(planDependent(one, judged, dependents), expected));
}

test('an owner waits for those only who say that they hold it up', () => {
  const owner = object({ uid: 'o' });
  const dependents = [true, false, undefined].map((blocks) => object({ ownerReferences: [reference('o', blocks)] }));
  assert.deepEqual(blockingDependents(owner, dependents), [dependents[0]]);
});

const deletions: [finalizer: string, isDeleted: boolean, is: string][] = [
  ['foregroundDeletion', true, 'deleting its dependents'],
  ['foregroundDeletion', false, 'neither'],
  ['orphan', true, 'orphaning'],
  ['orphan', false, 'neither'],
  ['example.com/other', true, 'neither'],
];
for (const [finalizer, isDeleted, is] of deletions) {
  test(`an object with ${finalizer} that is ${isDeleted ? '' : 'not '}being deleted: ${is}`, () => {
    const one = object({ finalizers: [finalizer], ...(isDeleted && { deletionTimestamp: 'now' }) });
    const found = isDeletingDependents(one) ? 'deleting its dependents' : isOrphaning(one) ? 'orphaning' : 'neither';
    assert.equal(found, is);
  });
}

test('what is taken from an object, and what stays', () => {
  const one = object({ ownerReferences: [reference('a', true), reference('b')], finalizers: ['x', 'orphan'] });
  assert.deepEqual(withoutOwners(one, ['a', 'c']).metadata.ownerReferences, [reference('b')]);
  assert.deepEqual(withoutBlocking(one).metadata.ownerReferences, [reference('a', false), reference('b', false)]);
  assert.deepEqual(withoutFinalizer(one, 'orphan').metadata.finalizers, ['x']);
});
