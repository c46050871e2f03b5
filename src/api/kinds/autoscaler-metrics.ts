// What an autoscaler goes by: metrics of five types, how they must be stated and how a table shows them.
import type { IMetricSpec } from 'kubernetes-models/autoscaling/v2/MetricSpec';
import type { IMetricStatus } from 'kubernetes-models/autoscaling/v2/MetricStatus';
import type { IMetricTarget } from 'kubernetes-models/autoscaling/v2/MetricTarget';
import { checkPathSegment, pathSegmentFaults } from '../name-rules.ts';
import { parseQuantity } from '../quantity.ts';
import { type Cause, checkName, forbidden, invalid, required, unsupported } from '../validation.ts';

/** Where each type of metric has its settings. */
export const metricFields = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

type MetricType = keyof typeof metricFields;

export const isMetricType = (type: string | undefined): type is MetricType =>
  type !== undefined && Object.hasOwn(metricFields, type);

const isPositive = (quantity: string | number) => (parseQuantity(quantity)?.nano ?? 0n) > 0n;

export function* checkMetric(metric: IMetricSpec, at: string): Iterable<Cause> {
  const { type } = metric;
  if (!type) yield required(`${at}.type`, 'must specify a metric source type');
  if (!isMetricType(type)) yield unsupported(`${at}.type`, type ?? '', Object.keys(metricFields));
  const present = (['object', 'external', 'pods', 'resource', 'containerResource'] as const).filter(
    (field) => metric[field] !== undefined,
  );
  const [first] = present;
  if (first) yield* checkSource(metric, first, `${at}.${first}`);
  const expected = isMetricType(type) ? metricFields[type] : undefined;
  if (expected && !metric[expected]) {
    yield required(`${at}.${expected}`, 'must populate information for the given metric source');
  }
  if (present.length === 1) return;
  for (const field of present.filter((field) => field !== expected))
    yield forbidden(`${at}.${field}`, 'must populate the given metric source only');
}

type Field = (typeof metricFields)[MetricType];

function* checkSource(metric: IMetricSpec, field: Field, at: string): Iterable<Cause> {
  const target: Partial<IMetricTarget> = metric[field]?.target ?? {};
  const { value, averageValue, averageUtilization } = target;
  if (metric.object) {
    yield* checkPathSegment(`${at}.describedObject.kind`, metric.object.describedObject?.kind);
    yield* checkPathSegment(`${at}.describedObject.name`, metric.object.describedObject?.name);
  }
  if (field === 'resource' || field === 'containerResource') {
    if (!metric[field]?.name) yield required(`${at}.name`, 'must specify a resource name');
    if (metric.containerResource && !metric.containerResource.container) {
      yield required(`${at}.container`, 'must specify a container');
    }
  } else yield* checkMetricName(metric[field]?.metric?.name, `${at}.metric.name`);
  yield* checkTarget(target, `${at}.target`);
  switch (field) {
    case 'object':
      if (value === undefined && averageValue === undefined) {
        yield required(`${at}.target.averageValue`, 'must set either a target value or averageValue');
      }
      return;
    case 'external':
      if (value === undefined && averageValue === undefined) {
        const why = 'must set either a target value for metric or a per-pod target';
        yield required(`${at}.target.averageValue`, why);
      }
      if (value !== undefined && averageValue !== undefined) {
        yield forbidden(`${at}.target.value`, 'may not set both a target value for metric and a per-pod target');
      }
      return;
    case 'pods':
      if (averageValue === undefined || !isPositive(averageValue)) {
        yield required(`${at}.target.averageValue`, 'must specify a positive target averageValue');
      }
      return;
    default:
      if (averageUtilization === undefined && averageValue === undefined) {
        const why = 'must set either a target raw value or a target utilization';
        yield required(`${at}.target.averageUtilization`, why);
      }
      if (averageUtilization !== undefined && averageValue !== undefined) {
        yield forbidden(`${at}.target.averageValue`, 'may not set both a target raw value and a target utilization');
      }
  }
}

function* checkMetricName(name: string | undefined, at: string): Iterable<Cause> {
  if (!name) yield required(at, 'must specify a metric name');
  else yield* checkName(at, name, pathSegmentFaults);
}

function* checkTarget(target: Partial<IMetricTarget>, at: string): Iterable<Cause> {
  const { type, value, averageValue, averageUtilization } = target;
  if (!type) yield required(`${at}.type`, 'must specify a metric target type');
  if (!['Utilization', 'Value', 'AverageValue'].includes(type ?? '')) {
    yield invalid(`${at}.type`, type ?? '', 'must be either Utilization, Value, or AverageValue');
  }
  if (value !== undefined && !isPositive(value)) yield invalid(`${at}.value`, value, 'must be positive');
  if (averageValue !== undefined && !isPositive(averageValue)) {
    yield invalid(`${at}.averageValue`, averageValue, 'must be positive');
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    yield invalid(`${at}.averageUtilization`, averageUtilization, 'must be greater than 0');
  }
}

/** What is measured of what is aimed at, for the first two metrics. */
export function metricsText(metrics: IMetricSpec[] = [], statuses: IMetricStatus[] = []): string {
  if (metrics.length === 0) return '<none>';
  const few = 2;
  const texts = metrics.map((metric, index) => metricText(metric, statuses[index]));
  const more = metrics.length > few ? ` + ${metrics.length - few} more...` : '';
  return texts.slice(0, few).join(', ') + more;
}

function metricText(metric: IMetricSpec, status: IMetricStatus | undefined): string {
  if (!isMetricType(metric.type)) return '<unknown type>';
  const field = metricFields[metric.type];
  const target: Partial<IMetricTarget> = metric[field]?.target ?? {};
  const { value, averageValue, averageUtilization } = status?.[field]?.current ?? {};
  const known = (measured: string | number | undefined) => measured ?? '<unknown>';
  if (field === 'resource' || field === 'containerResource') {
    const name = metric[field]?.name ?? '';
    if (target.averageValue !== undefined) return `${name}: ${known(averageValue)}/${target.averageValue}`;
    const percent = (share: number | undefined) => (share === undefined ? undefined : `${share}%`);
    return `${name}: ${known(percent(averageUtilization))}/${percent(target.averageUtilization) ?? '<auto>'}`;
  }
  if (field === 'pods') return `${known(averageValue)}/${target.averageValue}`;
  return target.averageValue === undefined
    ? `${known(value)}/${target.value}`
    : `${known(averageValue)}/${target.averageValue} (avg)`;
}
