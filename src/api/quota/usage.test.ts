import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps } from '../kinds/config-map.ts';
import { deployments } from '../kinds/deployment.ts';
import { events } from '../kinds/event.ts';
import type { Kind } from '../kinds/kind.ts';
import { nodes } from '../kinds/node.ts';
import { persistentVolumeClaims } from '../kinds/persistent-volume-claim.ts';
import { pods } from '../kinds/pod.ts';
import type { ResourceQuota } from '../kinds/resource-quota.ts';
import { services } from '../kinds/service.ts';
import type { KubeObject } from '../meta.ts';
import { formatQuantity } from '../quantity.ts';
import { limitedResources } from './scopes.ts';
import { isQuotaKind, usageOf, usesResource } from './usage.ts';

const nowMs = Date.parse('2030-01-01T00:00:00Z');

function texts(kind: unknown, object: object): Record<string, string> {
  const usage = usageOf(kind as Kind, { metadata: { name: 'x' }, ...object } as KubeObject, nowMs);
  return Object.fromEntries(Object.entries(usage).map(([name, amount]) => [name, formatQuantity(amount)]));
}

const main = {
  name: 'main',
  resources: { requests: { cpu: '250m', 'example.com/gpu': '1' }, limits: { memory: '1Gi' } },
};
const side = { name: 'side', resources: { requests: { cpu: '1' } } };

test('what objects use', () => {
  const podUsage = {
    'count/pods': '1',
    pods: '1',
    cpu: '1250m',
    'requests.cpu': '1250m',
    'requests.example.com/gpu': '1',
    'limits.memory': '1Gi',
  };
  const cases: [kind: unknown, object: object, usage: Record<string, string>][] = [
    [configMaps, {}, { 'count/configmaps': '1', configmaps: '1' }],
    [deployments, {}, { 'count/deployments.apps': '1' }],
    [pods, { spec: { containers: [main, side] }, status: {} }, podUsage],
    [pods, { spec: { containers: [main] }, status: { phase: 'Failed' } }, { 'count/pods': '1' }],
    [
      services,
      {
        spec: {
          type: 'LoadBalancer',
          ports: [{ port: 1 }, { port: 2, nodePort: 30000 }],
          allocateLoadBalancerNodePorts: false,
        },
      },
      { 'count/services': '1', services: '1', 'services.nodeports': '1', 'services.loadbalancers': '1' },
    ],
    [
      persistentVolumeClaims,
      { spec: { storageClassName: 'gold', resources: { requests: { storage: '2Gi' } } } },
      {
        'count/persistentvolumeclaims': '1',
        persistentvolumeclaims: '1',
        'requests.storage': '2Gi',
        'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
        'gold.storageclass.storage.k8s.io/requests.storage': '2Gi',
      },
    ],
  ];
  for (const [kind, object, usage] of cases) assert.deepEqual(texts(kind, object), usage, (kind as Kind).kind);
});

test('a pod that should be gone uses nothing any more', () => {
  const metadata = { name: 'x', deletionTimestamp: '2029-12-31T23:50:00Z', deletionGracePeriodSeconds: 30 };
  assert.deepEqual(texts(pods, { metadata, spec: { containers: [side] }, status: {} }), { 'count/pods': '1' });
});

test('which resources objects of a kind can use', () => {
  const cases: [kind: unknown, resource: string, uses: boolean][] = [
    [pods, 'requests.example.com/gpu', true],
    [pods, 'limits.ephemeral-storage', true],
    [pods, 'hugepages-2Mi', true],
    [pods, 'configmaps', false],
    [configMaps, 'configmaps', true],
    [deployments, 'count/deployments.apps', true],
    [deployments, 'deployments', false],
    [persistentVolumeClaims, 'gold.storageclass.storage.k8s.io/requests.storage', true],
    [persistentVolumeClaims, 'requests.cpu', false],
  ];
  for (const [kind, resource, uses] of cases) assert.equal(usesResource(kind as Kind, resource), uses, resource);
  assert.deepEqual(([pods, events, nodes] as unknown as Kind[]).map(isQuotaKind), [true, false, false]);
});

test('which pods the scopes of a quota pick', () => {
  const containers = [side];
  const terms = [{ topologyKey: 'zone', namespaces: ['other'] }];
  const far = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } };
  const inClass = (operator: string, ...values: string[]) => ({
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] },
  });
  const cases: [spec: object, pod: object, isPicked: boolean][] = [
    [{}, { containers }, true],
    [{ scopes: ['BestEffort'] }, { containers }, false],
    [{ scopes: ['BestEffort'] }, { containers: [{ name: 'main' }] }, true],
    [{ scopes: ['Terminating'] }, { containers, activeDeadlineSeconds: 5 }, true],
    [{ scopes: ['NotTerminating', 'NotBestEffort'] }, { containers }, true],
    [{ scopes: ['NotTerminating', 'BestEffort'] }, { containers }, false],
    [{ scopes: ['CrossNamespacePodAffinity'] }, { containers, affinity: far }, true],
    [{ scopes: ['CrossNamespacePodAffinity'] }, { containers }, false],
    [inClass('In', 'high'), { containers, priorityClassName: 'high' }, true],
    [inClass('NotIn', 'high'), { containers, priorityClassName: 'high' }, false],
    [inClass('Exists'), { containers }, false],
    [inClass('DoesNotExist'), { containers }, true],
  ];
  for (const [spec, pod, isPicked] of cases) {
    const picked = limitedResources(
      { spec } as ResourceQuota,
      pods as unknown as Kind,
      { spec: pod } as unknown as KubeObject,
      ['pods'],
    );
    assert.equal(picked.length === 1, isPicked, JSON.stringify([spec, pod]));
  }
});

test('what is not a pod meets no scope', () => {
  const quota = { spec: { scopes: ['NotTerminating'] } } as ResourceQuota;
  assert.deepEqual(limitedResources(quota, configMaps as unknown as Kind, {} as KubeObject, ['configmaps']), []);
});
