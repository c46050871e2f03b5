// What a pod asks for in all, exactly and as it is written: for quotas and limits. (Where pods are placed counts in whole
// numbers, faster: pod-resources.ts.)
import type { PodSpec } from './kinds/pod-template.ts';
import { podTotal } from './pod-resources.ts';
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity } from './quantity.ts';
import type { Resources } from './resource-names.ts';

type Quantities = Record<string, Quantity>;

export interface PodQuantities {
  requests: Resources;
  limits: Resources;
}

const exactly = {
  sum: addQuantities,
  larger: (one: Quantity, other: Quantity) => (compareQuantities(one, other) < 0 ? other : one),
};

export function podQuantities(spec: PodSpec): PodQuantities {
  return { requests: total(spec, 'requests'), limits: total(spec, 'limits') };
}

function total(spec: PodSpec, part: 'requests' | 'limits'): Resources {
  const totals = podTotal(
    {
      spec,
      ofContainer: (container) => quantities(container.resources?.[part]),
      ofWhole: quantities(spec.resources?.[part]),
      ofOverhead: quantities(spec.overhead),
      // A pod without a limit has none beside it either.
      overheadOnlyWhereAsked: part === 'limits',
    },
    exactly,
  );
  return Object.fromEntries(Object.entries(totals).map(([name, quantity]) => [name, formatQuantity(quantity)]));
}

function quantities(resources: Resources | undefined): Quantities {
  const parsed: Quantities = {};
  for (const [name, text] of Object.entries(resources ?? {})) {
    const quantity = parseQuantity(text);
    if (quantity) parsed[name] = quantity;
  }
  return parsed;
}
