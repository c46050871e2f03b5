import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume } from './kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from './kinds/persistent-volume-claim.ts';
import { fittingVolumes, isReachable, meantVolume, mismatch } from './volume-match.ts';

type VolumeSpec = Partial<PersistentVolume['spec']>;

function volume(name: string, size: string, spec: VolumeSpec = {}, more: Partial<PersistentVolume> = {}) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...more.metadata },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: size }, ...spec },
    status: { phase: 'Available', ...more.status },
  } as PersistentVolume;
}

function claim(size = '5Gi', spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'ns', name: 'data', uid: 'u1' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...spec },
    status: { phase: 'Pending' },
  };
}

const on = (host: string): VolumeSpec => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values: [host] }] }] },
  },
});
const node = { metadata: { name: 'n1', labels: { host: 'one' } } };
const meant = { namespace: 'ns', name: 'data' };
const terminating = { metadata: { name: 'old', deletionTimestamp: '2026-01-01T00:00:00Z' } };

const cases: {
  name: string;
  claim?: PersistentVolumeClaim;
  volumes: PersistentVolume[];
  options?: { node?: typeof node; isWaiting?: boolean };
  expected: string | undefined;
}[] = [
  {
    name: 'the smallest that is large enough',
    volumes: [volume('large', '20Gi'), volume('small', '1Gi'), volume('fit', '6Gi'), volume('more', '7Gi')],
    expected: 'fit',
  },
  { name: 'none that is too small', volumes: [volume('a', '4Gi')], expected: undefined },
  { name: 'one of exactly the size, in other units', volumes: [volume('a', '5120Mi')], expected: 'a' },
  {
    name: 'the first by name of those of one size',
    volumes: [volume('b', '5Gi'), volume('a', '5Gi')],
    expected: 'a',
  },
  {
    name: 'one with fewer ways of access before a smaller one',
    volumes: [
      volume('many', '5Gi', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }),
      volume('one', '9Gi', { accessModes: ['ReadWriteOnce'] }),
    ],
    expected: 'one',
  },
  {
    name: 'one with all ways of access that are asked for',
    claim: claim('1Gi', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }),
    volumes: [volume('a', '5Gi'), volume('b', '5Gi', { accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] })],
    expected: 'b',
  },
  { name: 'none of another class', volumes: [volume('a', '5Gi', { storageClassName: 'x' })], expected: undefined },
  {
    name: 'one of its class',
    claim: claim('1Gi', { storageClassName: 'x' }),
    volumes: [volume('a', '5Gi'), volume('b', '5Gi', { storageClassName: 'x' })],
    expected: 'b',
  },
  {
    name: 'none of another mode',
    volumes: [volume('a', '5Gi', { volumeMode: 'Block' })],
    expected: undefined,
  },
  {
    name: 'one with the labels that it selects',
    claim: claim('1Gi', { selector: { matchLabels: { disk: 'ssd' } } }),
    volumes: [volume('a', '1Gi'), volume('b', '5Gi', {}, { metadata: { name: 'b', labels: { disk: 'ssd' } } })],
    expected: 'b',
  },
  {
    name: 'none with other attributes',
    volumes: [volume('a', '5Gi', { volumeAttributesClassName: 'gold' })],
    expected: undefined,
  },
  {
    name: 'none that is not free yet, any more, or is going',
    volumes: [
      volume('a', '5Gi', {}, { status: { phase: 'Pending' } }),
      volume('b', '5Gi', {}, { status: { phase: 'Released' } }),
      volume('old', '5Gi', {}, terminating),
      volume('c', '5Gi', { claimRef: { namespace: 'ns', name: 'other' } }),
    ],
    expected: undefined,
  },
  {
    name: 'the one that was meant for it, though another is smaller and of its class',
    volumes: [volume('a', '5Gi'), volume('b', '50Gi', { claimRef: meant, storageClassName: 'x' })],
    expected: 'b',
  },
  {
    name: 'none that was meant for another of its name',
    volumes: [volume('b', '50Gi', { claimRef: { ...meant, uid: 'u0' } })],
    expected: undefined,
  },
  {
    name: 'one that is large enough, where the one that was meant for it is not',
    volumes: [volume('a', '1Gi', { claimRef: meant }), volume('b', '5Gi')],
    expected: 'b',
  },
  {
    name: 'one that the node reaches',
    volumes: [volume('a', '5Gi', on('two')), volume('b', '9Gi', on('one'))],
    options: { node },
    expected: 'b',
  },
  {
    name: 'any, where no node is asked for',
    volumes: [volume('a', '5Gi', on('two')), volume('b', '9Gi', on('one'))],
    expected: 'a',
  },
  {
    name: 'no other, where the one that was meant for it is out of reach',
    volumes: [volume('a', '5Gi', { ...on('two'), claimRef: meant }), volume('b', '5Gi', on('one'))],
    options: { node },
    expected: undefined,
  },
  {
    name: 'only the one that was meant for it as long as it waits for its pod',
    volumes: [volume('a', '5Gi'), volume('b', '9Gi', { claimRef: meant })],
    options: { isWaiting: true },
    expected: 'b',
  },
  {
    name: 'nothing as long as it waits for its pod',
    volumes: [volume('a', '5Gi')],
    options: { isWaiting: true },
    expected: undefined,
  },
];

for (const { name, claim: asked = claim(), volumes, options = {}, expected } of cases) {
  test(`a claim gets ${name}`, () => {
    const fitting = fittingVolumes(asked, volumes).find((each) => isReachable(each, options.node));
    const found = options.isWaiting ? meantVolume(asked, volumes) : fitting;
    assert.equal(found?.metadata.name, expected);
  });
}

test('what a user has chosen is told why it does not fit, in Kubernetes’ words', () => {
  const faults: [PersistentVolume, string | undefined][] = [
    [volume('a', '1Gi'), 'requested PV is too small'],
    [volume('a', '5Gi', { storageClassName: 'x' }), 'storageClassName does not match'],
    [volume('a', '5Gi', { volumeMode: 'Block' }), 'incompatible volumeMode'],
    [volume('a', '5Gi', { accessModes: ['ReadOnlyMany'] }), 'incompatible accessMode'],
    [volume('a', '5Gi'), undefined],
  ];
  for (const [chosen, expected] of faults) assert.equal(mismatch(chosen, claim()), expected);
});
