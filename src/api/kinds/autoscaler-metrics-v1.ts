// Metrics of autoscalers as autoscaling/v1 has them in annotations: the same settings, named flat.
import type { IMetricSpec } from 'kubernetes-models/autoscaling/v2/MetricSpec';
import type { IMetricStatus } from 'kubernetes-models/autoscaling/v2/MetricStatus';
import { isMetricType, metricFields } from './autoscaler-metrics.ts';

/** A metric aims at a target, or tells what is current. */
export type Side = 'target' | 'current';

type Fields = Record<string, unknown>;
export type OldMetric = { type: string } & Fields;
type Metric = IMetricSpec | IMetricStatus;

export function metricToV1(metric: Metric, side: Side): OldMetric {
  const { type } = metric;
  if (!isMetricType(type)) return { type };
  const field = metricFields[type];
  const settings = (metric[field] ?? {}) as Fields;
  const { name: metricName, selector } = (settings.metric ?? {}) as Fields;
  const { value, averageValue, averageUtilization } = (settings[side] ?? {}) as Fields;
  const named = { metricName, selector };
  const flat: Record<keyof typeof metricFields, Fields> = {
    Object: { target: settings.describedObject, ...named, [`${side}Value`]: value ?? '0', averageValue },
    Pods: { ...named, [`${side}AverageValue`]: averageValue },
    External: { metricName, metricSelector: selector, [`${side}Value`]: value, [`${side}AverageValue`]: averageValue },
    Resource: resourceToV1(settings, side, averageUtilization, averageValue),
    ContainerResource: resourceToV1(settings, side, averageUtilization, averageValue),
  };
  return { type, [field]: said(flat[type]) };
}

function resourceToV1({ name, container }: Fields, side: Side, utilization: unknown, value: unknown): Fields {
  return { name, container, [`${side}AverageUtilization`]: utilization, [`${side}AverageValue`]: value };
}

export function metricFromV1({ type, ...rest }: OldMetric, side: Side): Metric {
  if (!isMetricType(type)) return { type };
  const field = metricFields[type];
  const flat = (rest[field] ?? {}) as Fields;
  const amount = said({
    value: flat[`${side}Value`],
    averageValue: type === 'Object' ? flat.averageValue : flat[`${side}AverageValue`],
    averageUtilization: flat[`${side}AverageUtilization`],
  });
  // An object's value is always written there, as zero where it is not meant.
  if (type === 'Object' && amount.averageValue !== undefined && amount.value === '0') delete amount.value;
  const settings = said({
    describedObject: type === 'Object' ? flat.target : undefined,
    name: flat.name,
    container: flat.container,
    metric: flat.metricName && said({ name: flat.metricName, selector: flat.selector ?? flat.metricSelector }),
    [side]: side === 'target' ? { type: targetTypeOf(amount), ...amount } : amount,
  });
  return { type, [field]: settings };
}

function targetTypeOf({ value, averageUtilization }: Fields): string {
  if (averageUtilization !== undefined) return 'Utilization';
  return value === undefined ? 'AverageValue' : 'Value';
}

const said = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
