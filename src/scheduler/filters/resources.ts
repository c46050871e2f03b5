// The node has what the pod asks for: a place for one more pod, cpu, memory and every other resource.
import { type Amounts, amountsOf } from '../../api/pod-resources.ts';
import { always } from '../cluster/cluster-change.ts';
import type { Filter, Refusal } from './filter.ts';

export const resourcesFilter: Filter = {
  name: 'NodeResourcesFit',
  prepare: ({ requests }) => {
    const wanted = wantedOf(requests);
    return { check: ({ allocatable, requested, pods }) => shortage(wanted, allocatable, requested, pods.size) };
  },
  hints: {
    node: ({ object }, { requests }) => {
      const allocatable = amountsOf(object.status.allocatable);
      return shortage(wantedOf(requests), allocatable, {}, 0) === undefined;
    },
    // A pod that asked for nothing frees its place at least.
    'pod-gone': always,
    'pod-changed': ({ pod, previous }) => asksForLess(pod.requests, previous.requests),
  },
};

function shortage(
  wanted: readonly (readonly [string, number])[],
  allocatable: Amounts,
  requested: Amounts,
  podCount: number,
): Refusal | undefined {
  const reasons: string[] = [];
  let isCurable = true;
  if (podCount + 1 > (allocatable.pods ?? 0)) reasons.push('Too many pods');
  for (const [name, amount] of wanted) {
    const whole = allocatable[name] ?? 0;
    if (amount <= whole - (requested[name] ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    if (amount > whole) isCurable = false;
  }
  return reasons.length > 0 ? { reasons, isCurable } : undefined;
}

const wantedOf = (requests: Amounts) => Object.entries(requests).filter(([, amount]) => amount > 0);

function asksForLess(now: Amounts, before: Amounts): boolean {
  return Object.entries(before).some(([name, amount]) => (now[name] ?? 0) < amount);
}
