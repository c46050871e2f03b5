import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leases } from '../../api/kinds/lease.ts';
import { nodes } from '../../api/kinds/node.ts';
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { pods } from '../../api/kinds/pod.ts';
import { folderFinalizer, volumeNodeLabel } from '../../api/local-path.ts';
import { type Asked, admitting } from './admission-for-tests.ts';
import { nodeRestriction } from './node-restriction.ts';

const user = { name: 'system:node:a', groups: ['system:nodes'] };
const node = (name: string, spec: object = {}, metadata: object = {}) => ({ metadata: { name, ...metadata }, spec });
const labelled = (labels: object) => node('a', {}, { labels });
const pod = (spec: object, metadata: object = {}) => ({
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec,
});
const lease = (name: string, namespace: string) => ({ metadata: { name, namespace } });
const claim = (status: object) => ({ metadata: { name: 'data', namespace: 'shop' }, spec: {}, status });
const volume = (of: string, finalizers = [folderFinalizer], more: object = {}) => ({
  metadata: {
    name: 'v',
    labels: { [volumeNodeLabel]: of },
    finalizers,
    deletionTimestamp: '2026-01-01T00:00:00Z',
    ...more,
  },
  spec: {},
});
const mirror = (spec: object, owner: object = {}) =>
  pod(spec, {
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'u', controller: true, ...owner }],
  });

const variable = { name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } };

const cases: [what: string, asked: Asked, refusal?: RegExp][] = [
  ['itself', { kind: nodes, object: node('a') }],
  ['another node', { kind: nodes, object: node('b') }, /node "a" is not allowed to modify node "b"/],
  [
    'its own labels',
    { kind: nodes, object: labelled({ zone: 'x', 'kubernetes.io/hostname': 'a' }), previous: node('a') },
  ],
  [
    'restricted labels',
    { kind: nodes, object: labelled({ 'x.node-restriction.kubernetes.io/y': '' }), previous: node('a') },
    /is not allowed to modify labels: x.node-restriction.kubernetes.io\/y/,
  ],
  [
    'roles at its creation',
    { kind: nodes, object: labelled({ 'node-role.kubernetes.io/control-plane': '' }) },
    /node "a" is not allowed to set the following labels: node-role/,
  ],
  ['taints at its creation', { kind: nodes, object: node('a', { taints: [{ key: 'x', effect: 'NoSchedule' }] }) }],
  [
    'taints later',
    { kind: nodes, object: node('a'), previous: node('a', { taints: [{ key: 'x', effect: 'NoSchedule' }] }) },
    /not allowed to modify taints/,
  ],
  [
    'its pod network',
    { kind: nodes, object: node('a', { podCIDR: '10.0.0.0/8' }) },
    /not allowed to choose its pod network/,
  ],
  ['the end of its pod', { kind: pods, previous: pod({ nodeName: 'a' }) }],
  [
    'the end of a pod of others',
    { kind: pods, previous: pod({ nodeName: 'b' }) },
    /only delete pods with spec.nodeName set to itself/,
  ],
  [
    'the status of its pod',
    { kind: pods, object: pod({ nodeName: 'a' }), previous: pod({ nodeName: 'a' }), subresource: 'status' },
  ],
  [
    'labels of its pod',
    { kind: pods, object: pod({}, { labels: { a: 'b' } }), previous: pod({ nodeName: 'a' }), subresource: 'status' },
    /cannot update labels through pod status/,
  ],
  ['a pod', { kind: pods, object: pod({ nodeName: 'a' }) }, /can only create mirror pods/],
  ['a mirror pod', { kind: pods, object: mirror({ nodeName: 'a' }) }],
  ['a mirror pod elsewhere', { kind: pods, object: mirror({ nodeName: 'b' }) }, /spec.nodeName set to itself/],
  [
    'a mirror pod of others',
    { kind: pods, object: mirror({ nodeName: 'a' }, { name: 'b' }) },
    /owner reference set to itself/,
  ],
  [
    'a mirror pod with secrets',
    { kind: pods, object: mirror({ nodeName: 'a', volumes: [{ name: 's', secret: { secretName: 's' } }] }) },
    /can not create pods that reference/,
  ],
  [
    'a mirror pod with the variable of a secret',
    { kind: pods, object: mirror({ nodeName: 'a', initContainers: [{ env: [variable] }] }) },
    /can not create pods that reference secrets/,
  ],
  [
    'a mirror pod with a secret for pulling',
    { kind: pods, object: mirror({ nodeName: 'a', imagePullSecrets: [{ name: 's' }] }) },
    /can not create pods that reference secrets/,
  ],
  [
    'a mirror pod with the variables of a config map',
    { kind: pods, object: mirror({ nodeName: 'a', containers: [{ envFrom: [{ configMapRef: { name: 'c' } }] }] }) },
    /can not create pods that reference configmaps/,
  ],
  [
    'a mirror pod with the claim of another',
    { kind: pods, object: mirror({ nodeName: 'a', volumes: [{ name: 'web-0', ephemeral: {} }] }) },
    /can not create pods that reference persistentvolumeclaims/,
  ],
  [
    'a mirror pod with a resource claim',
    { kind: pods, object: mirror({ nodeName: 'a', resourceClaims: [{ name: 'r' }] }) },
    /can not create pods that reference resourceclaims/,
  ],
  [
    'a mirror pod with a token',
    { kind: pods, object: mirror({ nodeName: 'a', volumes: [{ name: 't', projected: {} }] }) },
    /can not create pods with projected volumes/,
  ],
  [
    'a mirror pod of a node that was',
    { kind: pods, object: mirror({ nodeName: 'a' }, { uid: 'former' }) },
    /an owner reference with its own uid/,
  ],
  ['the eviction of its pod', { kind: pods, object: pod({}, { name: 'own' }), subresource: 'eviction' }],
  [
    'the eviction of a pod of others',
    { kind: pods, object: pod({}, { name: 'foreign' }), subresource: 'eviction' },
    /node a can only evict pods with spec.nodeName set to itself/,
  ],
  ['a binding', { kind: pods, object: pod({}), subresource: 'binding' }, /unexpected pod subresource "binding"/],
  ['its lease', { kind: leases, object: lease('a', 'kube-node-lease') }],
  ['the lease of another', { kind: leases, object: lease('b', 'kube-node-lease') }, /same name as the requesting node/],
  [
    'a lease elsewhere',
    { kind: leases, object: lease('a', 'default') },
    /can only access leases in the "kube-node-lease"/,
  ],
  [
    'the capacity of a claim',
    { kind: persistentVolumeClaims, object: claim({ capacity: {} }), previous: claim({}), subresource: 'status' },
  ],
  [
    'the phase of a claim',
    { kind: persistentVolumeClaims, object: claim({ phase: 'Lost' }), previous: claim({}), subresource: 'status' },
    /not allowed to update fields other than status.capacity/,
  ],
  ['that a folder of its own is gone', { kind: persistentVolumes, object: volume('a', []), previous: volume('a') }],
  [
    'that a folder of another is gone',
    { kind: persistentVolumes, object: volume('b', []), previous: volume('b') },
    /may only let go of deleted volumes of its own/,
  ],
  [
    'a volume of its own that nobody deletes',
    {
      kind: persistentVolumes,
      object: volume('a', [], { deletionTimestamp: undefined }),
      previous: volume('a', [], { deletionTimestamp: undefined }),
    },
    /may only let go of deleted volumes of its own/,
  ],
  [
    'other finalizers of a volume of its own',
    { kind: persistentVolumes, object: volume('a', []), previous: volume('a', ['kubernetes.io/pv-protection']) },
    /not allowed to update fields other than the finalizer/,
  ],
];

test('what a node may write', async () => {
  const { admit, put } = await admitting();
  put(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', uid: 'u' } });
  put(pods, { apiVersion: 'v1', kind: 'Pod', ...pod({ nodeName: 'a' }, { name: 'own' }) });
  put(pods, { apiVersion: 'v1', kind: 'Pod', ...pod({ nodeName: 'b' }, { name: 'foreign' }) });
  for (const [what, asked, refused] of cases) {
    const admitted = admit(nodeRestriction, { ...asked, user });
    if (refused) await assert.rejects(admitted, refused, what);
    else await assert.doesNotReject(admitted, what);
  }
});

test('who is no node may write all of it', async () => {
  const { admit } = await admitting();
  for (const [what, asked] of cases) await assert.doesNotReject(admit(nodeRestriction, asked), what);
});
