import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCases, created, type KindCase, updateCases } from './kind-cases.contract.ts';
import { type LimitRange, limitRanges } from './limit-range.ts';
import { podDisruptionBudgets } from './pod-disruption-budget.ts';
import { type ResourceQuota, resourceQuotas } from './resource-quota.ts';

const spec = (patch: object, ...faults: string[]): KindCase => [{ spec: patch }, ...faults];
const scope = (scopeName: string, operator: string, values?: string[]) => ({
  scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values && { values }) }] },
});
const at = 'spec.scopeSelector.matchExpressions';

createCases(resourceQuotas, { spec: { hard: { pods: '2', 'requests.cpu': '1' } } }, [
  spec({ hard: { 'count/jobs.batch': '5', 'requests.example.com/gpu': '2', 'hugepages-2Mi': '1Gi' } }),
  spec(
    { hard: { apples: '1' } },
    'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
    'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
  ),
  spec({ hard: { pods: '-1' } }, 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'),
  spec({ hard: { pods: '1500m' } }, 'spec.hard[pods]: Invalid value: "1500m": must be an integer'),
  spec({ scopes: ['NotTerminating', 'NotBestEffort'] }),
  spec({ scopes: ['BestEffort'] }, 'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'),
  spec(
    { scopes: ['Terminating', 'NotTerminating'] },
    'spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting',
  ),
  spec(scope('PriorityClass', 'In', ['high'])),
  spec(scope('PriorityClass', 'In'), `${at}.values: Required value: must be at least one value`),
  spec(scope('PriorityClass', 'Exists', ['high']), `${at}.values: Invalid value: ["high"]: must be no value`),
  spec(scope('PriorityClass', 'Is', ['high']), `${at}.operator: Invalid value: "Is": not a valid selector operator`),
  spec(scope('Terminating', 'DoesNotExist'), `${at}.operator: Invalid value: "DoesNotExist": must be 'Exist'`),
]);
updateCases(resourceQuotas, { spec: { hard: { pods: '2' }, scopes: ['NotTerminating', 'NotBestEffort'] } }, [
  spec({ hard: { pods: '3' }, scopes: ['NotBestEffort', 'NotTerminating'] }),
  spec({ scopes: ['NotTerminating'] }, 'spec.scopes: Invalid value: ["NotTerminating"]: field is immutable'),
]);

test('a quota shows what is used of what, limits apart', () => {
  const hard = { pods: '5', 'limits.cpu': '2', 'requests.cpu': '1' };
  const quota = created(
    resourceQuotas,
    { spec: { hard }, status: { hard, used: { pods: '1', 'requests.cpu': '250m' } } },
    {},
  );
  const cells = resourceQuotas.columns.slice(1, 3).map((column) => column.value(quota as ResourceQuota, 0));
  assert.deepEqual(cells, ['pods: 1/5, requests.cpu: 250m/1', 'limits.cpu: 0/2']);
});

const limits = (...items: object[]) => ({ limits: items });
const ofContainer = (bounds: object, ...faults: string[]): KindCase =>
  spec(limits({ type: 'Container', ...bounds }), ...faults.map((fault) => `spec.limits[0].${fault}`));

createCases(limitRanges, { spec: limits({ type: 'Container', max: { cpu: '1' } }) }, [
  ofContainer(
    { min: { cpu: '2' }, max: { cpu: '1' } },
    'min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    'defaultRequest[cpu]: Invalid value: "2": min value 2 is greater than default request value 1',
    'default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
  ),
  ofContainer(
    { default: { memory: '1Gi' }, defaultRequest: { memory: '2Gi' } },
    'defaultRequest[memory]: Invalid value: "2Gi": default request value 2Gi is greater than default limit value 1Gi',
  ),
  ofContainer(
    { maxLimitRequestRatio: { cpu: '0.5' } },
    'maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
  ),
  ofContainer(
    { min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } },
    'maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000',
  ),
  ofContainer(
    { max: { pods: '1' } },
    ...Array(3)
      .fill('')
      .map((_, index) => `${['max', 'default', 'defaultRequest'][index]}[pods]: Invalid`),
  ),
  spec(
    limits({ type: 'Pod', default: { cpu: '1' } }),
    "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
  ),
  spec(limits({ type: 'Pod' }, { type: 'Pod' }), 'spec.limits[1].type: Duplicate value: "Pod"'),
  spec(
    limits({ type: 'Odd' }),
    'spec.limits[0].type: Invalid value: "Odd": must be a standard limit type or fully qualified',
  ),
  spec(limits({ type: 'PersistentVolumeClaim' }), 'spec.limits[0].limits: Required value: either minimum or maximum'),
]);

test('what is said of the most is said of the usual, too', () => {
  const item = { type: 'Container', max: { cpu: '2' }, min: { storage: '1' }, default: { memory: '64Mi' } };
  const { spec } = created(limitRanges, { spec: limits(item) }, {}) as LimitRange;
  assert.deepEqual(spec.limits[0]?.default, { cpu: '2', memory: '64Mi' });
  assert.deepEqual(spec.limits[0]?.defaultRequest, { cpu: '2', memory: '64Mi', storage: '1' });
});

test('a limit range without a name gets one', () => {
  assert.match(created(limitRanges, { spec: limits() }, { metadata: { name: '' } }).metadata.name, /^[0-9a-f-]{36}$/);
});

const selector = { matchLabels: { app: 'a' } };
createCases(podDisruptionBudgets, { spec: { minAvailable: 1, selector } }, [
  spec({ minAvailable: '50%' }),
  spec({ maxUnavailable: 1 }, 'spec: Invalid value: {'),
  spec({ minAvailable: -1 }, 'spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'),
  spec({ minAvailable: '101%' }, 'spec.minAvailable: Invalid value: "101%": must not be greater than 100%'),
  spec({ minAvailable: 'many' }, 'spec.minAvailable: Invalid value: "many": a valid percent string'),
  spec({ selector: { matchLabels: { 'bad key': '' } } }, 'spec.selector.matchLabels: Invalid value: "bad key"'),
  spec({ unhealthyPodEvictionPolicy: 'Odd' }, 'spec.unhealthyPodEvictionPolicy: Unsupported value: "Odd"'),
]);
updateCases(podDisruptionBudgets, { spec: { minAvailable: 1, selector } }, [
  spec({ minAvailable: 2, selector: { matchLabels: { app: 'b' } } }),
]);

test('a new budget allows nothing yet', () => {
  const { status } = created(podDisruptionBudgets, { spec: { selector } }, {}) as unknown as { status: object };
  assert.deepEqual(status, { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 });
});
