// LimitRange: how little and how much one container, pod or claim of a namespace may ask for, and what it gets unasked.
import type { ILimitRange } from 'kubernetes-models/v1/LimitRange';
import { qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { compareQuantities, formatQuantity, type Quantity } from '../quantity.ts';
import {
  checkContainerResourceName,
  checkResourceName,
  isOvercommitAllowed,
  quantityOf,
  type Resources,
  roundResources,
} from '../resource-names.ts';
import { type Cause, checkName, duplicate, forbidden, invalid, required } from '../validation.ts';
import { nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type LimitRange = Served<ILimitRange>;
export type LimitRangeItem = LimitRange['spec']['limits'][number];

const amounts = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type Amount = (typeof amounts)[number];

/** What is said of the most is said of the usual, too, and of the least where nothing else is. */
function setItemDefaults(item: LimitRangeItem): void {
  for (const amount of amounts) roundResources(item[amount]);
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

function* validateItem(item: LimitRangeItem, index: number, all: readonly LimitRangeItem[]): Iterable<Cause> {
  const at = `spec.limits[${index}]`;
  const type = item.type ?? '';
  yield* validateType(type, `${at}.type`);
  if (all.slice(0, index).some((other) => other.type === item.type)) yield duplicate(`${at}.type`, type);
  for (const amount of amounts) {
    if (type === 'Pod' && amount.startsWith('default')) {
      if (Object.keys(item[amount] ?? {}).length > 0) {
        yield forbidden(`${at}.${amount}`, "may not be specified when `type` is 'Pod'");
      }
      continue;
    }
    for (const name of Object.keys(item[amount] ?? {}))
      yield* checkItemResource(type, name, `${at}.${amount}[${name}]`);
  }
  if (type === 'PersistentVolumeClaim' && !item.min?.storage && !item.max?.storage) {
    yield required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
  }
  for (const name of new Set(amounts.flatMap((amount) => Object.keys(item[amount] ?? {})))) {
    yield* validateOrder(item, name, at);
  }
}

function validateType(type: string, at: string): Cause[] {
  const causes = checkName(at, type, qualifiedNameFaults);
  if (causes.length > 0 || type.includes('/') || ['Pod', 'Container', 'PersistentVolumeClaim'].includes(type)) {
    return causes;
  }
  return [invalid(at, type, 'must be a standard limit type or fully qualified')];
}

function checkItemResource(type: string, name: string, at: string): Cause[] {
  return type === 'Pod' || type === 'Container' ? checkContainerResourceName(at, name) : checkResourceName(at, name);
}

/** The least is not above the most, and what is given unasked lies between. */
function* validateOrder(item: LimitRangeItem, name: string, at: string): Iterable<Cause> {
  const of = (amount: Amount) => quantityOf(item[amount] as Resources | undefined, name);
  const [min, max, usual, request, ratio] = [
    of('min'),
    of('max'),
    of('default'),
    of('defaultRequest'),
    of('maxLimitRequestRatio'),
  ];
  const fault = (amount: Amount, value: Quantity, detail: string) =>
    invalid(`${at}.${amount}[${name}]`, formatQuantity(value), detail);
  const exceeds = (one: Quantity | undefined, other: Quantity | undefined): [Quantity, Quantity] | undefined =>
    one && other && compareQuantities(one, other) > 0 ? [one, other] : undefined;
  const rules: [Amount, [Quantity, Quantity] | undefined, string, string][] = [
    ['min', exceeds(min, max), 'min value', 'max value'],
    ['defaultRequest', exceeds(min, request), 'min value', 'default request value'],
    ['defaultRequest', exceeds(request, max), 'default request value', 'max value'],
    ['defaultRequest', exceeds(request, usual), 'default request value', 'default limit value'],
    ['default', exceeds(min, usual), 'min value', 'default value'],
    ['default', exceeds(usual, max), 'default value', 'max value'],
  ];
  for (const [amount, pair, one, other] of rules) {
    if (!pair) continue;
    const [larger, smaller] = pair.map(formatQuantity);
    yield fault(amount, pair[0], `${one} ${larger} is greater than ${other} ${smaller}`);
  }
  if (ratio && ratio.nano < 1_000_000_000n)
    yield fault('maxLimitRequestRatio', ratio, `ratio ${formatQuantity(ratio)} is less than 1`);
  if (ratio && min && max && min.nano > 0n) {
    const most = Number(max.nano) / Number(min.nano);
    if (Number(ratio.nano) / 1e9 > most) {
      const detail = `ratio ${formatQuantity(ratio)} is greater than max/min = ${most.toFixed(6)}`;
      yield fault('maxLimitRequestRatio', ratio, detail);
    }
  }
  if (!isOvercommitAllowed(name) && usual && request && compareQuantities(usual, request) !== 0) {
    const [limit, asked] = [usual, request].map(formatQuantity);
    yield fault(
      'defaultRequest',
      request,
      `default value ${limit} must equal to defaultRequest value ${asked} in ${name}`,
    );
  }
}

export const limitRanges = defineKind<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  namespaced: true,
  hasStatus: false,
  createsOnUpdate: true,
  columns: [
    nameColumn,
    {
      name: 'Created At',
      type: 'string',
      description: 'When the object was made.',
      value: ({ metadata }) => metadata.creationTimestamp ?? '',
    },
  ],
  prepareCreate: ({ metadata }) => {
    metadata.name ||= crypto.randomUUID();
  },
  setDefaults: (range) => {
    range.spec ??= { limits: [] };
    for (const item of range.spec.limits ?? []) setItemDefaults(item);
  },
  validate: function* ({ spec: { limits = [] } }) {
    for (const [index, item] of limits.entries()) yield* validateItem(item, index, limits);
  },
});
