import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { essentialsOf, policyPodOf } from './policy-pod.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u', labels: { app: 'web' }, resourceVersion: '7', generation: 2 },
  spec: {
    nodeName: 'a',
    initContainers: [{ name: 'side', image: 'x', restartPolicy: 'Always', ports: [{ name: 'm', containerPort: 9 }] }],
    containers: [
      {
        name: 'main',
        image: 'x',
        env: [{ name: 'SECRET', value: 'x' }],
        ports: [
          { name: 'http', containerPort: 80, protocol: 'TCP' },
          { name: 's', containerPort: 1, protocol: 'SCTP' },
        ],
      },
      { name: 'plain', image: 'x' },
    ],
  },
  status: { phase: 'Running', podIP: '10.244.1.2', conditions: [] },
} as unknown as Pod;

const seen = {
  uid: 'u',
  namespace: 'shop',
  labels: { app: 'web' },
  address: '10.244.1.2',
  ports: [
    { name: 'm', protocol: 'tcp', port: 9 },
    { name: 'http', protocol: 'tcp', port: 80 },
  ],
};

test('what of a pod policies see', () => {
  assert.deepEqual(policyPodOf(pod), seen);
  assert.deepEqual(policyPodOf(pod, '10.244.1.9'), { ...seen, address: '10.244.1.9' });
});

const unseen: [name: string, change: Partial<Pod>][] = [
  ['on the network of its host', { spec: { ...pod.spec, hostNetwork: true } }],
  ['without an address', { status: { phase: 'Pending' } }],
  ['with an address of another family', { status: { ...pod.status, podIP: 'fd00::2' } }],
  ['ended, whose address may be somebody else’s', { status: { ...pod.status, phase: 'Failed' } }],
];
for (const [name, change] of unseen) {
  test(`no policy sees a pod ${name}`, () => assert.equal(policyPodOf({ ...pod, ...change }), undefined));
}

test('what is kept of a pod is enough, and no more', () => {
  const kept = essentialsOf(pod);
  assert.deepEqual(policyPodOf(kept), seen);
  assert.doesNotMatch(JSON.stringify(kept), /SECRET|plain|conditions/);
  assert.equal(kept.metadata.resourceVersion, '7');
  assert.equal(kept.metadata.name, 'web');
});
