import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindCompleted, provisionedBy, selectedNode, storageProvisioner } from '../../api/claim-binding.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import { folderFinalizer, isKeptIn, localPathProvisioner } from '../../api/local-path.ts';
import { planGiveUp, planProvision } from './local-path-plan.ts';

const asked = { [storageProvisioner]: localPathProvisioner, [selectedNode]: 'n' };

function claimOf(
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  annotations: Record<string, string> = asked,
  metadata: object = {},
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'ns', name: 'data', uid: 'u', resourceVersion: '7', annotations, ...metadata },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    status: { phase: 'Pending' },
  };
}

const storageClass = (provisioner = localPathProvisioner): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'fast' },
  provisioner,
  reclaimPolicy: 'Retain',
});
const nodeOf = (annotations: Record<string, string>): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n', labels: { 'kubernetes.io/hostname': 'host-n' }, annotations },
  spec: {},
  status: {},
});
const node = nodeOf({ 'wherry.io/local-volumes': '/srv/volumes' });

test('a volume is made on the node that was chosen, as class and claim say', () => {
  assert.deepEqual(planProvision(claimOf(), storageClass(), node), {
    do: 'make',
    volume: {
      metadata: {
        name: 'pvc-u',
        annotations: { 'pv.kubernetes.io/provisioned-by': 'wherry.io/local-path' },
        labels: { 'wherry.io/volume-node': 'n' },
        finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'],
      },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
        claimRef: {
          kind: 'PersistentVolumeClaim',
          apiVersion: 'v1',
          namespace: 'ns',
          name: 'data',
          uid: 'u',
          resourceVersion: '7',
        },
        local: { path: '/srv/volumes/pvc-u_ns_data' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-n'] }] },
            ],
          },
        },
      },
    },
  });
});

const refusals: [string, PersistentVolumeClaim, Node | undefined, string][] = [
  [
    'a class that binds at once',
    claimOf({}, { [storageProvisioner]: localPathProvisioner }),
    undefined,
    'refuse the volumes of this class are on nodes, so it needs volumeBindingMode WaitForFirstConsumer',
  ],
  ['a node that is gone', claimOf(), undefined, 'choose-again node "n" not found'],
  [
    'a node that keeps no volumes',
    claimOf(),
    nodeOf({}),
    'refuse node "n" does not say in which folder it keeps volumes',
  ],
  [
    'a claim for many',
    claimOf({ accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }),
    node,
    'refuse access mode ReadWriteMany is not supported: a folder of one node is for ReadWriteOnce or ReadWriteOncePod',
  ],
  ['a bare device', claimOf({ volumeMode: 'Block' }), node, 'refuse volumeMode Block is not supported'],
  ['a selector', claimOf({ selector: { matchLabels: {} } }), node, 'refuse claim.Spec.Selector is not supported'],
  [
    'a copy',
    claimOf({ dataSource: { kind: 'PersistentVolumeClaim', name: 'x' } }),
    node,
    'refuse a data source is not supported: volumes begin empty',
  ],
  ['a claim of others', claimOf({}, { ...asked, [storageProvisioner]: 'x/y' }), node, 'nothing'],
  ['a claim with a volume', claimOf({ volumeName: 'v' }, { ...asked, [bindCompleted]: 'yes' }), node, 'nothing'],
  ['a claim that goes', claimOf({}, asked, { deletionTimestamp: '2026-01-01T00:00:00Z' }), node, 'nothing'],
];

for (const [name, claim, on, expected] of refusals) {
  test(`no volume is made for ${name}`, () => {
    const step = planProvision(claim, storageClass(), on);
    assert.equal('message' in step ? `${step.do} ${step.message}` : step.do, expected);
  });
}

test('no volume is made for a class that has another provisioner by now', () => {
  assert.deepEqual(planProvision(claimOf(), storageClass('x/y'), node), { do: 'nothing' });
  assert.deepEqual(planProvision(claimOf(), undefined, node), { do: 'nothing' });
});

function volumeOf(phase: string, policy: string, more: { by?: string; isGoing?: boolean; path?: string } = {}) {
  const { by = localPathProvisioner, isGoing = false, path = '/srv/volumes/v_ns_data' } = more;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: 'v',
      annotations: { [provisionedBy]: by },
      finalizers: [folderFinalizer],
      ...(isGoing && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: { persistentVolumeReclaimPolicy: policy, local: { path } },
    status: { phase },
  } as PersistentVolume;
}

const endings: [string, PersistentVolume, boolean, ReturnType<typeof planGiveUp>][] = [
  ['one that is bound stays', volumeOf('Bound', 'Delete'), true, undefined],
  ['one without its claim goes', volumeOf('Released', 'Delete'), true, 'delete'],
  ['one without its claim goes though its node is gone', volumeOf('Released', 'Delete'), false, 'delete'],
  ['one to be retained stays', volumeOf('Released', 'Retain'), true, undefined],
  ['one of others is theirs', volumeOf('Released', 'Delete', { by: 'x/y' }), true, undefined],
  ['one that goes waits for its node', volumeOf('Released', 'Delete', { isGoing: true }), true, undefined],
  [
    'one that goes does not wait for a node that left',
    volumeOf('Released', 'Delete', { isGoing: true }),
    false,
    'let-go',
  ],
];

for (const [name, volume, isNodeThere, expected] of endings) {
  test(`of volumes on nodes ${name}`, () => assert.equal(planGiveUp(volume, isNodeThere), expected));
}

test('an agent touches folders directly below its own, with the name of the volume, and no others', () => {
  const paths: [string, boolean][] = [
    ['/srv/volumes/v_ns_data', true],
    ['/srv/volumes/other_ns_data', false],
    ['/srv/volumes', false],
    ['/srv/volumes/x/v_ns_data', false],
    ['/srv/volumes-of-others/v_ns_data', false],
    ['/srv/volumes/v_ns_data/deeper', false],
    ['/srv/volumes/v_/../../etc', false],
    ['/srv/volumes/x/../v_ns_data', false],
    ['/srv/volumes/../v_ns_data', false],
    ['/etc/v_ns_data', false],
    ['v_ns_data', false],
    ['', false],
  ];
  for (const [path, expected] of paths) {
    assert.equal(isKeptIn('/srv/volumes', volumeOf('Released', 'Delete', { path })), expected, path);
  }
});
