import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText } from './autoscaler-metrics.ts';
import { type HorizontalPodAutoscaler, horizontalPodAutoscalers } from './horizontal-pod-autoscaler.ts';
import { createCases, created, type KindCase, updateCases } from './kind-cases.contract.ts';

const spec = (patch: object, ...faults: string[]): KindCase => [
  { spec: patch },
  ...faults.map((fault) => `spec.${fault}`),
];
const metric = (fields: object, ...faults: string[]): KindCase =>
  spec({ metrics: [fields] }, ...faults.map((fault) => `metrics[0].${fault}`));

const good = { spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' } } };
const utilization = { type: 'Utilization', averageUtilization: 50 };

createCases(horizontalPodAutoscalers, good, [
  spec(
    { minReplicas: 0, maxReplicas: 0, scaleTargetRef: { kind: 'a/b', name: '' } },
    'minReplicas: Invalid value: 0: must be greater than or equal to 1',
    'maxReplicas: Invalid value: 0: must be greater than 0',
    'scaleTargetRef.kind: Invalid value: "a/b": may not contain \'/\'',
    'scaleTargetRef.name: Required value',
    'metrics: Forbidden: must specify at least one Object or External metric',
  ),
  spec({ minReplicas: 5 }, 'maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`'),
  metric({ type: '' }, 'type: Required value: must specify a metric source type', 'type: Unsupported value: ""'),
  metric({ type: 'Pods' }, 'pods: Required value: must populate information for the given metric source'),
  metric(
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Odd', averageUtilization: 0, averageValue: '1' } } },
    'resource.target.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
    'resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
    'resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
  ),
  metric(
    { type: 'Resource', resource: { name: 'cpu', target: utilization }, pods: {} },
    'pods.metric.name: Required',
    'pods.target.type: Required',
    'pods.target.type: Invalid',
    'pods.target.averageValue: Required',
    'pods: Forbidden: must populate the given metric source only',
  ),
  metric(
    { type: 'ContainerResource', containerResource: { name: 'cpu', target: utilization } },
    'containerResource.container: Required value: must specify a container',
  ),
  metric(
    { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '0' } } },
    'external.target.value: Invalid value: "0": must be positive',
  ),
  spec(
    {
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 3601, policies: [{ type: 'Odd', value: 0, periodSeconds: 1801 }] },
      },
    },
    'behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
    'behavior.scaleUp.policies[0].type: Unsupported value: "Odd"',
    'behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
    'behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
  ),
]);

const external = { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '3' } } };
updateCases(horizontalPodAutoscalers, { spec: { ...good.spec, minReplicas: 0, metrics: [external] } }, [
  spec({ maxReplicas: 9 }),
]);

test('who states one way of scaling gets the other one too', () => {
  const { spec } = created(horizontalPodAutoscalers, good, {
    spec: { behavior: { scaleDown: { selectPolicy: 'Min' } } },
  }) as HorizontalPodAutoscaler;
  assert.equal(spec.behavior?.scaleDown?.selectPolicy, 'Min');
  assert.deepEqual(spec.behavior?.scaleDown?.policies, [{ type: 'Percent', value: 100, periodSeconds: 15 }]);
  assert.equal(spec.behavior?.scaleUp?.policies?.length, 2);
});

test('metrics are shown as what is of what should be, the first two', () => {
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: utilization } };
  const pods = {
    type: 'Pods',
    pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } },
  };
  assert.equal(metricsText([], []), '<none>');
  assert.equal(metricsText([cpu]), 'cpu: <unknown>/50%');
  assert.equal(
    metricsText(
      [cpu, pods, external],
      [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 41 } } }],
    ),
    'cpu: 41%/50%, <unknown>/10 + 1 more...',
  );
});
