import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { controllerReference } from '../../api/meta.ts';
import { ago, plan, pod, set, told } from './stateful-set-for-tests.ts';

const claimTemplates: Partial<StatefulSet['spec']> = {
  volumeClaimTemplates: [
    { metadata: { name: 'data', labels: { tier: 'db' } }, spec: { accessModes: ['ReadWriteOnce'] } },
    { metadata: { name: 'tmp' }, spec: {} },
  ],
};

const claim = (
  name: string,
  owner?: Parameters<typeof controllerReference>[0],
  ending = false,
): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: {
    name,
    ...(owner && { ownerReferences: [controllerReference(owner)] }),
    ...(ending && { deletionTimestamp: ago(1) }),
  },
  spec: {},
  status: {},
});
const policy = (whenDeleted: 'Retain' | 'Delete', whenScaled: 'Retain' | 'Delete') => ({
  ...claimTemplates,
  persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
});

describe('the claims of a stateful set', () => {
  test('a pod and its claims, as they are asked for', () => {
    const [step] = plan(claimTemplates, []);
    assert.deepEqual(step, {
      do: 'create-pod',
      pod: {
        metadata: {
          name: 'web-0',
          namespace: 'default',
          labels: {
            app: 'web',
            'statefulset.kubernetes.io/pod-name': 'web-0',
            'apps.kubernetes.io/pod-index': '0',
            'controller-revision-hash': 'new',
          },
          ownerReferences: [controllerReference(set())],
        },
        spec: {
          containers: [{ name: 'main', image: 'new' }],
          hostname: 'web-0',
          subdomain: 'svc',
          volumes: [
            { name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } },
            { name: 'tmp', persistentVolumeClaim: { claimName: 'tmp-web-0' } },
          ],
        },
      },
      claims: [
        {
          metadata: { name: 'data-web-0', namespace: 'default', labels: { tier: 'db', app: 'web' } },
          spec: { accessModes: ['ReadWriteOnce'] },
        },
        { metadata: { name: 'tmp-web-0', namespace: 'default', labels: { app: 'web' } }, spec: {} },
      ],
    });
  });

  test('what is there is taken', () => {
    const [step] = plan(claimTemplates, [], [claim('data-web-0')]);
    assert.deepEqual(step?.do === 'create-pod' && step.claims.map(({ metadata }) => metadata.name), ['tmp-web-0']);
  });

  test('a new claim that goes with the set is owned by it from the start', () => {
    const [step] = plan(policy('Delete', 'Retain'), []);
    assert.ok(step?.do === 'create-pod');
    assert.deepEqual(step.claims[0]?.metadata.ownerReferences, [controllerReference(set())]);
  });

  const both = (owner?: Parameters<typeof controllerReference>[0], ordinal = 0) =>
    ['data', 'tmp'].map((name) => claim(`${name}-web-${ordinal}`, owner));
  const former = { ...pod('0'), metadata: { name: 'web-0', uid: 'former' } };
  const claimCases: {
    name: string;
    spec: Partial<StatefulSet['spec']>;
    pods: string[];
    claims: PersistentVolumeClaim[];
    steps: string[];
  }[] = [
    {
      name: 'a claim that went is made again',
      spec: claimTemplates,
      pods: ['0 pending'],
      claims: [],
      steps: ['pvc data-web-0,tmp-web-0'],
    },
    {
      name: 'kept in every case: nobody owns it',
      spec: policy('Retain', 'Retain'),
      pods: ['0'],
      claims: both(set()),
      steps: ['own data-web-0 ', 'own tmp-web-0 '],
    },
    {
      name: 'goes with the set',
      spec: policy('Delete', 'Retain'),
      pods: ['0'],
      claims: both(),
      steps: ['own data-web-0 StatefulSet/web', 'own tmp-web-0 StatefulSet/web'],
    },
    {
      name: 'goes when there are fewer: not yet',
      spec: policy('Retain', 'Delete'),
      pods: ['0'],
      claims: both(),
      steps: [],
    },
    {
      name: 'goes when there are fewer: with its pod',
      spec: { ...policy('Retain', 'Delete'), replicas: 0 },
      pods: ['0'],
      claims: both(),
      steps: ['own data-web-0 Pod/web-0', 'own tmp-web-0 Pod/web-0', '-0'],
    },
    {
      name: 'goes in both cases: with the set as long as its pod is wanted',
      spec: policy('Delete', 'Delete'),
      pods: ['0'],
      claims: both(pod('0')),
      steps: ['own data-web-0 StatefulSet/web', 'own tmp-web-0 StatefulSet/web'],
    },
    {
      name: 'goes in both cases: from the set to the pod',
      spec: { ...policy('Delete', 'Delete'), replicas: 0 },
      pods: ['0'],
      claims: both(set()),
      steps: ['own data-web-0 Pod/web-0', 'own tmp-web-0 Pod/web-0', '-0'],
    },
    {
      name: 'a pod that is wanted again does not take its claim along',
      spec: policy('Retain', 'Delete'),
      pods: ['0'],
      claims: both(pod('0')),
      steps: ['own data-web-0 ', 'own tmp-web-0 '],
    },
    {
      name: 'what belongs to somebody else is left alone',
      spec: policy('Delete', 'Retain'),
      pods: ['0'],
      claims: both({ ...former, kind: 'Other' }),
      steps: [],
    },
    {
      name: 'what is of the same name and another kind is nobody of ours: it stays beside the set',
      spec: policy('Delete', 'Retain'),
      pods: ['0'],
      claims: [
        claim('data-web-0', { ...set(), kind: 'Deployment', metadata: { name: 'web', uid: 'x' } }),
        claim('tmp-web-0'),
      ],
      steps: ['own tmp-web-0 StatefulSet/web'],
    },
    {
      name: 'a claim that goes with the set before is left to go',
      spec: policy('Delete', 'Retain'),
      pods: ['0'],
      claims: both({ ...set(), metadata: { name: 'web', uid: 'former set' } }),
      steps: [],
    },
    {
      name: 'a claim that goes with the pod before is waited for',
      spec: policy('Retain', 'Delete'),
      pods: [],
      claims: both(former),
      steps: [],
    },
    {
      name: 'a claim that is going keeps a pod from being made',
      spec: claimTemplates,
      pods: [],
      claims: [claim('data-web-0', undefined, true)],
      steps: ['pvc data-web-0 is being deleted'],
    },
  ];
  for (const { name, spec, pods, claims, steps } of claimCases) {
    test(name, () => {
      const all = plan(
        { replicas: 1, ...spec },
        pods.map((each) => pod(each)),
        claims,
      );
      assert.deepEqual(all.map(told), steps);
    });
  }
});
