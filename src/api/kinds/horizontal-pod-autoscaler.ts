// HorizontalPodAutoscaler: how many replicas something shall have, by what is measured of them.
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { Served } from '../meta.ts';
import { checkPathSegment } from '../name-rules.ts';
import { type Cause, checkNonNegative, checkOneOf, forbidden, invalid, required, unsupported } from '../validation.ts';
import { checkMetric, metricsText } from './autoscaler-metrics.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type HorizontalPodAutoscaler = Served<IHorizontalPodAutoscaler>;
type Spec = HorizontalPodAutoscaler['spec'];
type Rules = NonNullable<NonNullable<Spec['behavior']>['scaleUp']>;

/** What is aimed at where nothing is said: 80 percent of the CPU that is asked for. */
export const defaultCpuUtilization = 80;

export const autoscalerColumns: Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  {
    name: 'Reference',
    type: 'string',
    description: 'What is scaled.',
    value: ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`,
  },
  {
    name: 'Targets',
    type: 'string',
    description: 'What is measured, and what it should be.',
    value: ({ spec, status }) => metricsText(spec.metrics, status.currentMetrics),
  },
  {
    name: 'MinPods',
    type: 'string',
    description: 'The fewest replicas.',
    value: ({ spec }) => (spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas)),
  },
  { name: 'MaxPods', type: 'string', description: 'The most replicas.', value: ({ spec }) => spec.maxReplicas },
  {
    name: 'Replicas',
    type: 'string',
    description: 'How many replicas there are.',
    value: ({ status }) => status.currentReplicas ?? 0,
  },
  ageColumn,
];

export const horizontalPodAutoscalers = defineKind<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: false,
  isInert: true,
  columns: autoscalerColumns,
  setDefaults: ({ spec, status }) => {
    spec.scaleTargetRef ??= {} as Spec['scaleTargetRef'];
    spec.maxReplicas ??= 0;
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length) {
      const target = { type: 'Utilization', averageUtilization: defaultCpuUtilization };
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
    }
    if (spec.behavior) setBehaviorDefaults(spec.behavior);
    status.desiredReplicas ??= 0;
  },
  *validate({ spec }, previous) {
    yield* checkReplicas(spec, previous?.spec.minReplicas === 0 ? 0 : 1);
    yield* checkPathSegment('spec.scaleTargetRef.kind', spec.scaleTargetRef.kind);
    yield* checkPathSegment('spec.scaleTargetRef.name', spec.scaleTargetRef.name);
    for (const [index, metric] of (spec.metrics ?? []).entries()) yield* checkMetric(metric, `spec.metrics[${index}]`);
    const isMeasuredElsewhere = spec.metrics?.some(({ type }) => type === 'Object' || type === 'External');
    if (spec.minReplicas === 0 && !isMeasuredElsewhere) {
      const why = 'must specify at least one Object or External metric to support scaling to zero replicas';
      yield forbidden('spec.metrics', why);
    }
    for (const way of ['scaleUp', 'scaleDown'] as const)
      yield* checkRules(spec.behavior?.[way], `spec.behavior.${way}`);
  },
  *validateStatusUpdate({ status }) {
    yield* checkNonNegative('status.currentReplicas', status.currentReplicas);
    yield* checkNonNegative('status.desiredReplicas', status.desiredReplicas);
  },
});

function setBehaviorDefaults(behavior: NonNullable<Spec['behavior']>): void {
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
    ...behavior.scaleUp,
  };
  behavior.scaleDown = {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    ...behavior.scaleDown,
  };
}

function* checkReplicas({ minReplicas, maxReplicas }: Spec, fewest: number): Iterable<Cause> {
  if (minReplicas !== undefined && minReplicas < fewest) {
    yield invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${fewest}`);
  }
  if (maxReplicas < 1) yield invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0');
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    yield invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
}

const windowAtMost = 3600;
const periodAtMost = 1800;

function* checkRules(rules: Rules | undefined, at: string): Iterable<Cause> {
  if (!rules) return;
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [] } = rules;
  if (window < 0) yield invalid(`${at}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero');
  if (window > windowAtMost) {
    yield invalid(`${at}.stabilizationWindowSeconds`, window, `must be less than or equal to ${windowAtMost}`);
  }
  yield* checkOneOf(`${at}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']);
  if (policies.length === 0) yield required(`${at}.policies`, 'must specify at least one Policy');
  for (const [index, { type = '', value = 0, periodSeconds = 0 }] of policies.entries()) {
    const where = `${at}.policies[${index}]`;
    if (!['Percent', 'Pods'].includes(type)) yield unsupported(`${where}.type`, type, ['Percent', 'Pods']);
    if (value <= 0) yield invalid(`${where}.value`, value, 'must be greater than zero');
    if (periodSeconds <= 0) yield invalid(`${where}.periodSeconds`, periodSeconds, 'must be greater than zero');
    if (periodSeconds > periodAtMost) {
      yield invalid(`${where}.periodSeconds`, periodSeconds, `must be less than or equal to ${periodAtMost}`);
    }
  }
}
