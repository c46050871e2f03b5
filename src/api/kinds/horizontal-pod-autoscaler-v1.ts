// autoscaling/v1: the older view of an autoscaler, which knows of CPU only. What it cannot say stands in annotations, so
// that nothing is lost by who reads and writes in this form.
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v1/HorizontalPodAutoscaler';
import type { IMetricSpec } from 'kubernetes-models/autoscaling/v2/MetricSpec';
import type { IMetricStatus } from 'kubernetes-models/autoscaling/v2/MetricStatus';
import { isFields, type KubeObject, mutableCopy, type Served } from '../meta.ts';
import { metricFromV1, metricToV1, type OldMetric } from './autoscaler-metrics-v1.ts';
import {
  autoscalerColumns,
  defaultCpuUtilization,
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalers,
} from './horizontal-pod-autoscaler.ts';
import { defineKind } from './kind.ts';

export type OldAutoscaler = Served<IHorizontalPodAutoscaler>;
type Spec = HorizontalPodAutoscaler['spec'];
type Status = HorizontalPodAutoscaler['status'];

const inAnnotation = (name: string) => `autoscaling.alpha.kubernetes.io/${name}`;
const metricsIn = inAnnotation('metrics');
const currentMetricsIn = inAnnotation('current-metrics');
const behaviorIn = inAnnotation('behavior');
const conditionsIn = inAnnotation('conditions');

export const oldAutoscalers = defineKind<OldAutoscaler>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: false,
  isInert: true,
  columns: autoscalerColumns.map((column) => ({
    ...column,
    value: (old: OldAutoscaler, nowMs: number) => column.value(toStored(old), nowMs),
  })),
  view: {
    stored: horizontalPodAutoscalers,
    toStored: (object) => toStored(object as OldAutoscaler),
    fromStored: (object) => fromStored(object as HorizontalPodAutoscaler),
  },
});

function toStored(old: OldAutoscaler): HorizontalPodAutoscaler {
  const { metadata, spec = {} as OldAutoscaler['spec'], status, ...rest } = mutableCopy(old);
  const { targetCPUUtilizationPercentage: cpu, ...plainSpec } = spec;
  const read = <T>(annotation: string) => parse(metadata.annotations?.[annotation]) as T | undefined;
  const behavior = read<Record<string, unknown>>(behaviorIn);
  const metrics = (read<OldMetric[]>(metricsIn) ?? []).map((metric) => metricFromV1(metric, 'target') as IMetricSpec);
  if (cpu !== undefined) metrics.push(cpuMetric(cpu));
  const stored = {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata,
    spec: {
      ...plainSpec,
      metrics: metrics.length > 0 ? metrics : [cpuMetric(defaultCpuUtilization)],
      ...(isFields(behavior) && { behavior: withNames(behavior, lowerFirst) as Spec['behavior'] }),
    },
    ...(status && { status: statusToStored(status, read(currentMetricsIn), read(conditionsIn)) }),
  };
  dropAnnotations(metadata);
  return stored as HorizontalPodAutoscaler;
}

const cpuMetric = (averageUtilization: number): IMetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

function statusToStored(
  { currentCPUUtilizationPercentage: cpu, currentReplicas, ...status }: OldAutoscaler['status'],
  told: OldMetric[] | undefined,
  conditions: Status['conditions'] | undefined,
): Status {
  const cpuStatus = { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpu } } };
  const currentMetrics =
    told?.map((metric) => metricFromV1(metric, 'current')) ?? (cpu === undefined ? [] : [cpuStatus]);
  return {
    ...status,
    ...(currentReplicas && { currentReplicas }),
    ...(currentMetrics.length > 0 && { currentMetrics: currentMetrics as IMetricStatus[] }),
    ...(conditions && { conditions }),
  };
}

function fromStored(autoscaler: HorizontalPodAutoscaler): OldAutoscaler {
  const { metadata, spec, status, ...rest } = mutableCopy(autoscaler);
  const { metrics = [], behavior, ...plainSpec } = spec;
  const { currentMetrics = [], conditions = [], ...plainStatus } = status;
  const isOfCpu = (metric: IMetricSpec) =>
    metric.type === 'Resource' &&
    metric.resource?.name === 'cpu' &&
    metric.resource.target.averageUtilization !== undefined;
  const ofCpu = metrics.find(isOfCpu)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isOfCpu(metric));
  const currentCpu = currentMetrics.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu');
  const current = currentCpu?.resource?.current.averageUtilization;
  dropAnnotations(metadata);
  annotate(
    metadata,
    metricsIn,
    others.map((metric) => metricToV1(metric, 'target')),
  );
  annotate(
    metadata,
    currentMetricsIn,
    currentMetrics.map((metric) => metricToV1(metric, 'current')),
  );
  annotate(metadata, conditionsIn, conditions);
  annotate(metadata, behaviorIn, withNames(behavior, upperFirst));
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: { ...plainSpec, ...(ofCpu !== undefined && { targetCPUUtilizationPercentage: ofCpu }) },
    status: {
      ...plainStatus,
      currentReplicas: plainStatus.currentReplicas ?? 0,
      ...(current !== undefined && { currentCPUUtilizationPercentage: current }),
    },
  };
}

function dropAnnotations(metadata: KubeObject['metadata']): void {
  for (const name of [metricsIn, currentMetricsIn, behaviorIn, conditionsIn]) delete metadata.annotations?.[name];
  if (metadata.annotations && Object.keys(metadata.annotations).length === 0) delete metadata.annotations;
}

function annotate(metadata: KubeObject['metadata'], name: string, value: unknown): void {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return;
  metadata.annotations = { ...metadata.annotations, [name]: JSON.stringify(value) };
}

/** What an annotation says; one that cannot be read says nothing. */
function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Kubernetes writes the fields of the behavior in this annotation with a capital. */
function withNames(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withNames(item, rename));
  if (!isFields(value)) return value;
  const said = Object.entries(value).filter(([, part]) => part !== null);
  return Object.fromEntries(said.map(([name, part]) => [rename(name), withNames(part, rename)]));
}

const upperFirst = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
