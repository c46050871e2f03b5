// What a pod that has its node holds of it: while it is being resized, what it asks for and what it was given before, whichever
// is more; where the node has said that it never can give it, only what it was given.
import type { Pod } from '../../api/kinds/pod.ts';
import { type Amounts, amountsOf, podRequests, requestsBy } from '../../api/pod-resources.ts';

export function heldRequests({ spec, status }: Pod): Amounts {
  const told = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  if (!spec.nodeName || !told.some(({ resources }) => resources)) return podRequests(spec);
  const given = new Map(
    told.map(({ name, allocatedResources, resources }) => [
      name,
      resources && larger(amountsOf(allocatedResources), amountsOf(resources.requests)),
    ]),
  );
  const isInfeasible = status.conditions?.some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  );
  return requestsBy(spec, ({ name, resources }) => {
    const asked = amountsOf(resources?.requests);
    const had = given.get(name);
    if (!had) return asked;
    return isInfeasible ? had : larger(asked, had);
  });
}

function larger(one: Amounts, other: Amounts): Amounts {
  const most = { ...one };
  for (const [name, amount] of Object.entries(other)) most[name] = Math.max(most[name] ?? 0, amount);
  return most;
}
