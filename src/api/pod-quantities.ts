// What a pod asks for in all, exactly and as it is written: for quotas and limits. (Where pods are placed counts in whole
// numbers, faster: pod-resources.ts.)
import type { Container, PodSpec } from './kinds/pod-spec/types.ts';
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

/** What the containers come to together, without what the pod states as a whole. */
export function containerQuantities(spec: PodSpec, part: 'requests' | 'limits'): Quantities {
  const ofContainer = (container: Container) => quantities(container.resources?.[part]);
  return podTotal({ spec, ofContainer, ofWhole: {}, ofOverhead: {} }, exactly);
}

function quantities(resources: Resources | undefined): Quantities {
  const parsed: Quantities = {};
  for (const [name, text] of Object.entries(resources ?? {})) {
    const quantity = parseQuantity(text);
    if (quantity) parsed[name] = quantity;
  }
  return parsed;
}
