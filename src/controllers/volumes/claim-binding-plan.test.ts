import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindCompleted, boundByController, selectedNode } from '../../api/claim-binding.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import { type ClaimSight, type ClaimStep, planClaim } from './claim-binding-plan.ts';

function claimOf(spec: Partial<PersistentVolumeClaim['spec']> = {}, ...marks: string[]): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      namespace: 'ns',
      name: 'data',
      uid: 'u',
      annotations: Object.fromEntries(marks.map((mark) => [mark, 'x'])),
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    status: { phase: 'Pending' },
  };
}

function volumeOf(spec: Partial<PersistentVolume['spec']> = {}): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec },
    status: { phase: 'Available' },
  };
}

const classOf = (
  provisioner: string,
  volumeBindingMode: StorageClass['volumeBindingMode'] = 'Immediate',
): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'c' },
  provisioner,
  volumeBindingMode,
});
const waits = classOf('x/y', 'WaitForFirstConsumer');
const ofClass = { storageClassName: 'c' };
const named = { volumeName: 'v' };
const others = { namespace: 'ns', name: 'other', uid: 'o' };
const meant = { namespace: 'ns', name: 'data' };

const cases: { name: string; claim: PersistentVolumeClaim; sight?: Partial<ClaimSight>; expected: string }[] = [
  { name: 'a volume that fits', claim: claimOf(), sight: { candidates: [volumeOf()] }, expected: 'bind v' },
  {
    name: 'no volume and no class',
    claim: claimOf({ storageClassName: '' }),
    expected: 'wait FailedBinding: no persistent volumes available for this claim and no storage class is set',
  },
  {
    name: 'a default class that came later',
    claim: claimOf(),
    sight: { defaultClass: waits },
    expected: 'take-class c',
  },
  {
    name: 'no class on purpose, though there is a default one',
    claim: claimOf({ storageClassName: '' }),
    sight: { defaultClass: waits },
    expected: 'wait FailedBinding: no persistent volumes available for this claim and no storage class is set',
  },
  {
    name: 'a free volume rather than the default class',
    claim: claimOf(),
    sight: { defaultClass: waits, candidates: [volumeOf()] },
    expected: 'bind v',
  },
  {
    name: 'a class that is not there',
    claim: claimOf(ofClass),
    expected: 'wait ProvisioningFailed: storageclass.storage.k8s.io "c" not found',
  },
  {
    name: 'a class whose volumes are made by hand',
    claim: claimOf(ofClass),
    sight: { storageClass: classOf('kubernetes.io/no-provisioner') },
    expected: 'wait ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner',
  },
  {
    name: 'a class of a provisioner that Kubernetes once had',
    claim: claimOf(ofClass),
    sight: { storageClass: classOf('kubernetes.io/aws-ebs') },
    expected: 'wait ProvisioningFailed: no volume plugin matched name: kubernetes.io/aws-ebs',
  },
  {
    name: 'a class with a provisioner',
    claim: claimOf(ofClass),
    sight: { storageClass: classOf('x/y') },
    expected: 'ask x/y',
  },
  {
    name: 'a class that waits, without a pod',
    claim: claimOf(ofClass),
    sight: { storageClass: waits, candidates: [volumeOf(ofClass)] },
    expected: 'wait WaitForFirstConsumer: waiting for first consumer to be created before binding',
  },
  {
    name: 'a class that waits, with a pod',
    claim: claimOf(ofClass),
    sight: { storageClass: waits, waitingPods: ['web'] },
    expected: 'wait WaitForPodScheduled: waiting for pod web to be scheduled',
  },
  {
    name: 'a class that waits, with two pods',
    claim: claimOf(ofClass),
    sight: { storageClass: waits, waitingPods: ['web', 'api'] },
    expected: 'wait WaitForPodScheduled: waiting for pods web,api to be scheduled',
  },
  {
    name: 'a class that waits, and a node that was chosen',
    claim: claimOf(ofClass, selectedNode),
    sight: { storageClass: waits },
    expected: 'ask x/y',
  },
  {
    name: 'a class that waits, and a volume that is meant for it',
    claim: claimOf(ofClass),
    sight: { storageClass: waits, candidates: [volumeOf({ claimRef: meant })] },
    expected: 'bind v',
  },
  { name: 'a named volume that is not there', claim: claimOf(named), expected: 'wait' },
  { name: 'a named volume that is free', claim: claimOf(named), sight: { named: volumeOf() }, expected: 'bind v' },
  {
    name: 'a named volume that does not fit',
    claim: claimOf(named),
    sight: { named: volumeOf({ volumeMode: 'Block' }) },
    expected: 'wait VolumeMismatch: Cannot bind to requested volume "v": incompatible volumeMode',
  },
  {
    name: 'a named volume that is meant for it, whatever it is like',
    claim: claimOf(named),
    sight: { named: volumeOf({ claimRef: meant, volumeMode: 'Block' }) },
    expected: 'bind v',
  },
  {
    name: 'a named volume of another claim',
    claim: claimOf(named),
    sight: { named: volumeOf({ claimRef: others }) },
    expected: 'wait FailedBinding: volume "v" already bound to a different claim.',
  },
  {
    name: 'a volume that the binder chose and that went to another claim',
    claim: claimOf(named, boundByController),
    sight: { named: volumeOf({ claimRef: others }) },
    expected: 'wait',
  },
  {
    name: 'a bound claim and its volume',
    claim: claimOf(named, bindCompleted),
    sight: { named: volumeOf({ claimRef: { ...meant, uid: 'u' } }) },
    expected: 'bind v',
  },
  {
    name: 'a bound claim whose volume has forgotten it',
    claim: claimOf(named, bindCompleted),
    sight: { named: volumeOf() },
    expected: 'bind v',
  },
  {
    name: 'a bound claim whose volume is gone',
    claim: claimOf(named, bindCompleted),
    expected: 'lose ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
  },
  {
    name: 'a bound claim that has forgotten its volume',
    claim: claimOf({}, bindCompleted),
    sight: { candidates: [volumeOf()] },
    expected: 'lose ClaimLost: Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
  },
  {
    name: 'a bound claim whose volume is another’s',
    claim: claimOf(named, bindCompleted),
    sight: { named: volumeOf({ claimRef: others }) },
    expected: 'lose ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly',
  },
];

function inWords(step: ClaimStep): string {
  switch (step.do) {
    case 'bind':
      return `bind ${step.volume.metadata.name}`;
    case 'take-class':
      return `take-class ${step.storageClassName}`;
    case 'ask':
      return `ask ${step.provisioner}`;
    default:
      return step.news ? `${step.do} ${step.news.reason}: ${step.news.message}` : step.do;
  }
}

for (const { name, claim, sight, expected } of cases) {
  test(`a claim with ${name}`, () => {
    const nothing = {
      named: undefined,
      candidates: [],
      storageClass: undefined,
      defaultClass: undefined,
      waitingPods: [],
    };
    assert.equal(inWords(planClaim(claim, { ...nothing, ...sight })), expected);
  });
}
