// What of volumes, claims and classes may help a pod that waits for its claims.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import { type ClusterChange, mayHelp } from '../cluster/cluster-change.ts';
import { nodeOf, podOf } from '../cluster/cluster-for-tests.ts';
import { podDemand } from '../pods/pod-demand.ts';
import type { Storage } from '../volumes/claims-of-pod.ts';
import { volumeBindingFilter } from './volume-binding.ts';

const claimOf = (name: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { namespace: 'default', name, uid: `uid-of-${name}` },
  spec: {},
  status: { phase: 'Pending' },
});
const known = [claimOf('data'), claimOf('other')];
const storage: Storage = {
  claim: (key) => known.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
  volume: () => undefined,
  storageClass: () => undefined,
  candidates: () => [],
};
const waiting = (...names: string[]) =>
  podDemand(podOf({ volumes: names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) }));

const volume = (phase: 'Available' | 'Bound' | 'Released', claimRef?: object): ClusterChange => ({
  type: 'volume',
  object: { metadata: { name: 'v' }, spec: { ...(claimRef && { claimRef }) }, status: { phase } } as PersistentVolume,
  previous: undefined,
});
const claim = (object: PersistentVolumeClaim | undefined): ClusterChange => ({
  type: 'claim',
  object,
  previous: known[0],
});
const storageClass = { metadata: { name: 'c' } } as StorageClass;
const ofData = { namespace: 'default', name: 'data' };

const cases: [name: string, change: ClusterChange, helps: boolean][] = [
  ['a node', { type: 'node', object: nodeOf('n'), previous: undefined }, true],
  ['its claim', claim(known[0]), true],
  ['another claim', claim(known[1]), false],
  ['its claim goes', claim(undefined), false],
  ['a volume that anybody may have', volume('Available'), true],
  ['a volume that is let go and not yet offered', volume('Released'), false],
  ['a volume for its claim', volume('Bound', { ...ofData, uid: 'uid-of-data' }), true],
  ['a volume that was made for a claim of that name', volume('Available', ofData), true],
  ['a volume for an earlier claim of that name', volume('Bound', { ...ofData, uid: 'former' }), false],
  ['a volume for another claim', volume('Bound', { namespace: 'default', name: 'other' }), false],
  ['a volume that goes', { type: 'volume', object: undefined, previous: undefined }, false],
  ['a class', { type: 'storage-class', object: storageClass, previous: undefined }, true],
  ['a class that goes', { type: 'storage-class', object: undefined, previous: storageClass }, false],
];
for (const [name, change, helps] of cases) {
  test(`${name} ${helps ? 'may help' : 'does not help'} who waits for a claim`, () =>
    assert.equal(mayHelp(volumeBindingFilter(storage).hints, change, waiting('data')), helps));
}

test('a volume does not help who waits for a claim that is not there', () => {
  const { hints } = volumeBindingFilter(storage);
  assert.equal(mayHelp(hints, volume('Bound', { namespace: 'default', name: 'missing' }), waiting('missing')), false);
});
