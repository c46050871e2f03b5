import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundByController, provisionedBy } from '../../api/claim-binding.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import { planVolume, type VolumeStep } from './volume-binding-plan.ts';

const meant = { namespace: 'ns', name: 'data' };
const own = { ...meant, uid: 'u' };

function volumeOf(
  phase: string,
  spec: Partial<PersistentVolume['spec']> = {},
  annotations: Record<string, string> = {},
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'v', annotations },
    spec: { persistentVolumeReclaimPolicy: 'Retain', ...spec },
    status: { phase: phase as 'Bound' },
  };
}

const claimOf = (spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { ...meant, uid: 'u' },
  spec,
  status: { phase: 'Pending' },
});
const byController = { [boundByController]: 'yes' };
const made = { [provisionedBy]: 'x/y' };
const released = { claimRef: own, persistentVolumeReclaimPolicy: 'Delete' } as const;

const cases: { name: string; volume: PersistentVolume; claim?: PersistentVolumeClaim; expected: string }[] = [
  { name: 'a new volume', volume: volumeOf('Pending'), expected: 'phase Available' },
  {
    name: 'one that is meant for a claim',
    volume: volumeOf('Pending', { claimRef: meant }),
    expected: 'phase Available',
  },
  {
    name: 'one whose claim does not know of it',
    volume: volumeOf('Bound', { claimRef: own }),
    claim: claimOf(),
    expected: 'tell-claim',
  },
  {
    name: 'one whose claim wants another mode',
    volume: volumeOf('Available', { claimRef: own, volumeMode: 'Block' }),
    claim: claimOf(),
    expected:
      'refuse-claim Cannot bind PersistentVolume to requested PersistentVolumeClaim "data" due to incompatible volumeMode. | Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.',
  },
  {
    name: 'one whose claim has it',
    volume: volumeOf('Available', { claimRef: own }),
    claim: claimOf({ volumeName: 'v' }),
    expected: 'phase Bound',
  },
  {
    name: 'one that the binder chose, whose claim has another',
    volume: volumeOf('Bound', { claimRef: own }, byController),
    claim: claimOf({ volumeName: 'w' }),
    expected: 'unbind {"annotations":{}}',
  },
  {
    name: 'one that a user chose, whose claim has another',
    volume: volumeOf('Bound', { claimRef: own }),
    claim: claimOf({ volumeName: 'w' }),
    expected: 'unbind {"annotations":{},"claimRef":{"namespace":"ns","name":"data"}}',
  },
  {
    name: 'one that was made for a claim, which has another',
    volume: volumeOf('Bound', released, made),
    claim: claimOf({ volumeName: 'w' }),
    expected: 'phase Released',
  },
  {
    name: 'one that was made for a claim, which has another, and is to be kept',
    volume: volumeOf('Bound', { claimRef: own }, made),
    claim: claimOf({ volumeName: 'w' }),
    expected:
      'unbind {"annotations":{"pv.kubernetes.io/provisioned-by":"x/y"},"claimRef":{"namespace":"ns","name":"data"}}',
  },
  { name: 'one whose claim is gone', volume: volumeOf('Bound', { claimRef: own }), expected: 'phase Released' },
  { name: 'one that is to be retained', volume: volumeOf('Released', { claimRef: own }), expected: 'phase Released' },
  {
    name: 'one that is to be deleted by nobody',
    volume: volumeOf('Released', released),
    expected:
      'phase Failed VolumeFailedDelete: error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
  },
  {
    name: 'one that is to be deleted by whoever made it',
    volume: volumeOf('Released', released, made),
    expected: 'phase Released',
  },
  {
    name: 'one that is to be emptied',
    volume: volumeOf('Released', { claimRef: own, persistentVolumeReclaimPolicy: 'Recycle' }),
    expected: 'phase Failed VolumeFailedRecycle: No recycler plugin found for the volume!',
  },
  {
    name: 'one that failed and is to be retained now',
    volume: volumeOf('Failed', { claimRef: own }),
    expected: 'phase Failed',
  },
];

function inWords(step: VolumeStep): string {
  switch (step.do) {
    case 'phase':
      return `phase ${step.phase}${step.news ? ` ${step.news.reason}: ${step.news.message}` : ''}`;
    case 'refuse-claim':
      return `refuse-claim ${step.ofVolume.message} | ${step.ofClaim.message}`;
    case 'unbind': {
      const { metadata, spec } = step.volume;
      return `unbind ${JSON.stringify({ annotations: metadata.annotations, claimRef: spec.claimRef })}`;
    }
    default:
      return step.do;
  }
}

for (const { name, volume, claim, expected } of cases) {
  test(`a volume: ${name}`, () => assert.equal(inWords(planVolume(volume, claim)), expected));
}
