import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindCompleted, selectedNode } from '../../api/claim-binding.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import { clusterOf, nodeOf, podOf } from '../cluster/cluster-for-tests.ts';
import { allFilters, volumeFilters } from '../filters/all.ts';
import { planPlacement } from '../placement/placement.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { planClaims } from './claim-plan.ts';
import { type Storage, sortClaims } from './claims-of-pod.ts';

const host = 'kubernetes.io/hostname';
const zone = 'topology.kubernetes.io/zone';

function volume(name: string, on: string | undefined, spec: Partial<PersistentVolume['spec']> = {}, labels = {}) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '5Gi' },
      storageClassName: 'by-hand',
      ...(on && {
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: host, operator: 'In', values: [on] }] }] },
        },
      }),
      ...spec,
    },
    status: { phase: 'Available' },
  } as PersistentVolume;
}

interface ClaimTraits {
  volume?: string;
  phase?: string;
  annotations?: Record<string, string>;
  spec?: Partial<PersistentVolumeClaim['spec']>;
  metadata?: Partial<PersistentVolumeClaim['metadata']>;
}

function claim(name: string, storageClassName: string, traits: ClaimTraits = {}): PersistentVolumeClaim {
  const annotations = { ...traits.annotations, ...(traits.volume && { [bindCompleted]: 'yes' }) };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'default', name, uid: `uid-of-${name}`, annotations, ...traits.metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName,
      ...(traits.volume && { volumeName: traits.volume }),
      ...traits.spec,
    },
    status: { phase: (traits.phase ?? (traits.volume ? 'Bound' : 'Pending')) as 'Pending' },
  };
}

const classes = (
  [
    ['local', 'wherry.io/local-path', {}],
    ['by-hand', 'kubernetes.io/no-provisioner', {}],
    ['zonal', 'x/y', { allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values: ['west'] }] }] }],
    ['at-once', 'x/y', { volumeBindingMode: 'Immediate' }],
  ] as const
).map(
  ([name, provisioner, more]) =>
    ({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner,
      volumeBindingMode: 'WaitForFirstConsumer',
      ...more,
    }) as unknown as StorageClass,
);

function storageOf(claims: PersistentVolumeClaim[], volumes: PersistentVolume[] = []): Storage {
  return {
    claim: (key) => claims.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    storageClass: (name) => classes.find(({ metadata }) => metadata.name === name),
    candidates: () => volumes,
  };
}

const using = (...names: string[]): Partial<Pod['spec']> => ({
  volumes: names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
});
const east = { labels: { [zone]: 'east' } };
const west = { labels: { [zone]: 'west' } };

const cases: {
  name: string;
  pod?: Pod;
  claims: PersistentVolumeClaim[];
  volumes?: PersistentVolume[];
  placed?: Pod;
  expected: string;
}[] = [
  {
    name: 'to the node of its volume',
    claims: [claim('data', 'local', { volume: 'v' })],
    volumes: [volume('v', 'b')],
    expected: 'b',
  },
  {
    name: 'nowhere when its volumes are on several nodes',
    pod: podOf(using('data', 'logs')),
    claims: [claim('data', 'local', { volume: 'v' }), claim('logs', 'local', { volume: 'w' })],
    volumes: [volume('v', 'b'), volume('w', 'c')],
    expected: "0/3 nodes are available: 3 node(s) didn't match PersistentVolume's node affinity.",
  },
  {
    name: 'nowhere without its volume',
    claims: [claim('data', 'local', { volume: 'v' })],
    expected: '0/3 nodes are available: 3 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).',
  },
  {
    name: 'nowhere without its claim',
    claims: [],
    expected: '0/3 nodes are available: persistentvolumeclaim "data" not found.',
  },
  {
    name: 'nowhere with a claim that is lost',
    claims: [claim('data', 'local', { volume: 'v', phase: 'Lost' })],
    expected: '0/3 nodes are available: persistentvolumeclaim "data" bound to non-existent persistentvolume "v".',
  },
  {
    name: 'nowhere with a claim that is going',
    claims: [claim('data', 'local', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    expected: '0/3 nodes are available: persistentvolumeclaim "data" is being deleted.',
  },
  {
    name: 'nowhere before a claim is bound that is bound at once',
    claims: [claim('data', 'at-once')],
    expected: '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
  },
  {
    name: 'nowhere before a claim is bound that names its volume',
    claims: [claim('data', 'by-hand', { spec: { volumeName: 'v' } })],
    expected: '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
  },
  {
    name: 'nowhere before the claim is made that comes with it',
    pod: podOf({ volumes: [{ name: 'tmp', ephemeral: { volumeClaimTemplate: { spec: {} } } }] }, { name: 'own' }),
    claims: [],
    expected:
      '0/3 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "own-tmp".',
  },
  {
    name: 'nowhere with a claim that was to come with it and is another’s',
    pod: podOf({ volumes: [{ name: 'tmp', ephemeral: { volumeClaimTemplate: { spec: {} } } }] }, { name: 'own' }),
    claims: [claim('own-tmp', 'local')],
    expected: '0/3 nodes are available: PVC default/own-tmp was not created for pod default/own (pod is not owner).',
  },
  {
    name: 'to the node where a volume is free for its claim',
    claims: [claim('data', 'by-hand')],
    volumes: [volume('v', 'c')],
    expected: 'c',
  },
  {
    name: 'nowhere when no volume is free and none can be made',
    claims: [claim('data', 'by-hand')],
    volumes: [volume('v', 'c', { claimRef: { namespace: 'default', name: 'other' } })],
    expected: "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.",
  },
  {
    name: 'nowhere with two claims when there is one volume',
    pod: podOf(using('data', 'logs')),
    claims: [claim('data', 'by-hand'), claim('logs', 'by-hand')],
    volumes: [volume('v', 'c')],
    expected: "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.",
  },
  {
    name: 'to where a volume can be made, as the class says',
    claims: [claim('data', 'zonal')],
    expected: 'b',
  },
  {
    name: 'to the node that was chosen for its claim before',
    claims: [claim('data', 'local', { annotations: { [selectedNode]: 'c' } })],
    expected: 'c',
  },
  {
    name: 'into the zone of its volume',
    claims: [claim('data', 'local', { volume: 'v' })],
    volumes: [volume('v', undefined, {}, { 'failure-domain.beta.kubernetes.io/zone': 'west__north' })],
    expected: 'b',
  },
  {
    name: 'nowhere when the zone of its volume is not here',
    claims: [claim('data', 'local', { volume: 'v' })],
    volumes: [volume('v', undefined, {}, { [zone]: 'south' })],
    expected: '0/3 nodes are available: 3 node(s) had no available volume zone.',
  },
  {
    name: 'nowhere while another has a claim that is for one pod alone',
    claims: [claim('data', 'local', { volume: 'v', spec: { accessModes: ['ReadWriteOncePod'] } })],
    volumes: [volume('v', 'b')],
    placed: podOf(using('data')),
    expected:
      '0/3 nodes are available: 3 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.',
  },
  {
    name: 'beside another that has the same claim',
    claims: [claim('data', 'local', { volume: 'v' })],
    volumes: [volume('v', 'b')],
    placed: podOf(using('data')),
    expected: 'b',
  },
];

for (const { name, pod = podOf(using('data')), claims, volumes, placed, expected } of cases) {
  test(`a pod goes ${name}`, () => {
    const filters = allFilters(volumeFilters(storageOf(claims, volumes)));
    const cluster = clusterOf({ a: east, b: { ...west, pods: placed ? [placed] : [] }, c: east });
    const placement = planPlacement(podDemand(pod), cluster, { filters });
    assert.equal(placement.nodeName ?? placement.message, expected);
  });
}

test('the smallest claim is given the smallest volume, and what is left over is made', () => {
  const storage = storageOf(
    [
      claim('large', 'local', { spec: { resources: { requests: { storage: '4Gi' } } } }),
      claim('small', 'local'),
      claim('other', 'local', { spec: { resources: { requests: { storage: '9Gi' } } } }),
    ],
    [
      volume('five', 'a', { storageClassName: 'local' }),
      volume('two', 'a', { storageClassName: 'local', capacity: { storage: '2Gi' } }),
    ],
  );
  const claims = sortClaims(podOf(using('large', 'small', 'other')), storage);
  assert.ok(claims && !('hopeless' in claims));
  const plan = planClaims(claims, nodeOf('a'), storage);
  assert.ok('bindings' in plan);
  const bound = plan.bindings.map((each) => `${each.claim.metadata.name} ${each.volume.metadata.name}`);
  assert.deepEqual(bound, ['small two', 'large five']);
  assert.deepEqual(
    plan.provisions.map(({ metadata }) => metadata.name),
    ['other'],
  );
});
