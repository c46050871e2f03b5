import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { type OldAutoscaler, oldAutoscalers } from './horizontal-pod-autoscaler-v1.ts';

const { view } = oldAutoscalers;
const toStored = (old: object) => view?.toStored(old as OldAutoscaler) as HorizontalPodAutoscaler;
const fromStored = (stored: object) => view?.fromStored(stored as HorizontalPodAutoscaler) as OldAutoscaler;

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };

const everything = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', annotations: { mine: 'stays' } },
  spec: {
    scaleTargetRef,
    minReplicas: 1,
    maxReplicas: 9,
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '64Mi' } } },
      { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } } },
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Ingress', name: 'i' },
          metric: { name: 'rps' },
          target: { type: 'Value', value: '2k' },
        },
      },
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Ingress', name: 'i' },
          metric: { name: 'rps' },
          target: { type: 'AverageValue', averageValue: '5' },
        },
      },
      {
        type: 'External',
        external: {
          metric: { name: 'queue', selector: { matchLabels: { q: 'a' } } },
          target: { type: 'Value', value: '30' },
        },
      },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 60 } },
      },
      cpu,
    ],
    behavior: { scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] } },
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 3,
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 41, averageValue: '41m' } } },
    ],
    conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale' }],
  },
};

test('what the old form cannot say survives it', () => {
  assert.deepEqual(toStored(fromStored(everything)), everything);
});

test('the old form says CPU in fields and the rest in annotations', () => {
  const { spec, status, metadata } = fromStored(everything);
  assert.equal(spec.targetCPUUtilizationPercentage, 50);
  assert.equal(status.currentCPUUtilizationPercentage, 41);
  const { annotations = {} } = metadata;
  assert.deepEqual(Object.keys(annotations).sort(), [
    'autoscaling.alpha.kubernetes.io/behavior',
    'autoscaling.alpha.kubernetes.io/conditions',
    'autoscaling.alpha.kubernetes.io/current-metrics',
    'autoscaling.alpha.kubernetes.io/metrics',
    'mine',
  ]);
  assert.match(
    annotations['autoscaling.alpha.kubernetes.io/behavior'] ?? '',
    /^\{"ScaleDown":\{"SelectPolicy":"Max","Policies":\[\{"Type":/,
  );
  assert.match(annotations['autoscaling.alpha.kubernetes.io/metrics'] ?? '', /"targetAverageValue":"64Mi"/);
});

test('an old one without a target aims at 80 percent', () => {
  const old = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: { scaleTargetRef, maxReplicas: 3 },
  };
  const { apiVersion, spec } = toStored(old);
  assert.equal(apiVersion, 'autoscaling/v2');
  assert.deepEqual(spec.metrics, [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ]);
});

test('an annotation that cannot be read is ignored', () => {
  const metadata = { name: 'web', annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[{' } };
  const { metadata: stored, spec } = toStored({
    metadata,
    spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
  });
  assert.deepEqual(spec.metrics, [cpu]);
  assert.deepEqual(stored, { name: 'web' });
});
