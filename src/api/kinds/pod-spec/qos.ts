// How well a pod is treated where a node runs short: by what it asks for and may use of CPU and memory.
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../quantity.ts';
import type { PodSpec, ResourceRequirements } from './types.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

type Sums = Partial<Record<'cpu' | 'memory', Quantity>>;

/** Adds what is stated of CPU and memory; answers whether both are. */
function addStated(sums: Sums, amounts: ResourceRequirements['limits']): boolean {
  let stated = 0;
  for (const name of ['cpu', 'memory'] as const) {
    const quantity = parseQuantity((amounts as Record<string, string> | undefined)?.[name] ?? '0');
    if (!quantity || quantity.nano <= 0n) continue;
    stated++;
    const before = sums[name];
    sums[name] = before ? addQuantities(before, quantity) : quantity;
  }
  return stated === 2;
}

/** BestEffort without any request or limit, Guaranteed where both are equal everywhere, else Burstable. */
export function qosClassOf(spec: PodSpec): QosClass {
  const requests: Sums = {};
  const limits: Sums = {};
  const parts = spec.resources
    ? [spec.resources]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ resources }) => resources);
  let isLimited = true;
  for (const part of parts) {
    addStated(requests, part?.requests);
    if (!addStated(limits, part?.limits)) isLimited = false;
  }
  const [requested, limited] = [Object.keys(requests), Object.keys(limits)];
  if (requested.length === 0 && limited.length === 0) return 'BestEffort';
  const isEqual = (['cpu', 'memory'] as const).every((name) => {
    const [request, limit] = [requests[name], limits[name]];
    return !request || (limit !== undefined && compareQuantities(request, limit) === 0);
  });
  return isLimited && isEqual && requested.length === limited.length ? 'Guaranteed' : 'Burstable';
}
