// What is wrong with the resources that one container, pod or claim asks for, by one item of a LimitRange. Pure.
import type { LimitRangeItem } from '../../api/kinds/limit-range.ts';
import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../../api/quantity.ts';
import { quantityOf, type Resources } from '../../api/resource-names.ts';

export interface Asked {
  requests: Resources | undefined;
  limits: Resources | undefined;
}

interface Bound {
  name: string;
  type: string;
  bound: Quantity;
  request: Quantity | undefined;
  limit: Quantity | undefined;
}

type Rule = (bound: Bound) => string | undefined;

const isBelow = (one: Quantity | undefined, other: Quantity) => one !== undefined && compareQuantities(one, other) < 0;

const minimum: Rule = ({ name, type, bound, request, limit }) => {
  const rule = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (!request) return `${rule}.  No request is specified`;
  if (isBelow(request, bound)) return `${rule}, but request is ${formatQuantity(request)}`;
  return limit && isBelow(limit, bound) ? `${rule}, but limit is ${formatQuantity(limit)}` : undefined;
};

const maximum: Rule = ({ name, type, bound, request, limit }) => {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (!limit) return `${rule}.  No limit is specified`;
  if (isBelow(bound, limit)) return `${rule}, but limit is ${formatQuantity(limit)}`;
  return request && isBelow(bound, request) ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
};

/** A claim has a request, and nothing else. */
const maximumRequest: Rule = ({ name, type, bound, request }) => {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (!request) return `${rule}.  No request is specified`;
  return isBelow(bound, request) ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
};

const ratio: Rule = ({ name, type, bound, request, limit }) => {
  const rule = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  if (!request?.nano) return `${rule}, but no request is specified or request is 0`;
  if (!limit?.nano) return `${rule}, but no limit is specified or limit is 0`;
  const provided = Number(limit.nano) / Number(request.nano);
  return provided > Number(bound.nano) / 1e9 ? `${rule}, but provided ratio is ${provided.toFixed(6)}` : undefined;
};

export function limitFaults(item: LimitRangeItem, { requests, limits }: Asked): string[] {
  const rules: [Resources | undefined, Rule][] = [
    [item.min, minimum],
    [item.max, item.type === 'PersistentVolumeClaim' ? maximumRequest : maximum],
    [item.type === 'PersistentVolumeClaim' ? undefined : item.maxLimitRequestRatio, ratio],
  ];
  return rules.flatMap(([bounds, rule]) =>
    Object.entries(bounds ?? {}).flatMap(([name, text]) => {
      const bound = parseQuantity(text);
      if (!bound) return [];
      const asked = { request: quantityOf(requests, name), limit: quantityOf(limits, name) };
      return rule({ name, type: item.type, bound, ...asked }) ?? [];
    }),
  );
}
