// The node has what the pod asks for: a place for one more pod, cpu, memory and every other resource.
import type { Filter } from './filter.ts';

export const resourcesFilter: Filter = {
  refusals: ({ requests }, { allocatable, requested, pods }) => {
    const refusals: string[] = [];
    if (pods.size + 1 > (allocatable.pods ?? 0)) refusals.push('Too many pods');
    for (const [name, amount] of Object.entries(requests)) {
      const free = (allocatable[name] ?? 0) - (requested[name] ?? 0);
      if (amount > 0 && amount > free) refusals.push(`Insufficient ${name}`);
    }
    return refusals;
  },
  helpedBy: ['node-changed', 'pod-gone'],
};
