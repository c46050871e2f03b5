// What a resourceFieldRef says: a request or a limit of a container, counted in a divisor and rounded up. What a container
// has no limit of it may use as far as its pod, and then its node, has it.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { milliCpu, wholeUnits } from '../../api/quantity.ts';

type Amounts = Record<string, string | number>;

export interface ResourceField {
  resource: string;
  divisor?: string | number | undefined;
}

/** Undefined where there is no such field of a container. */
export function resourceFieldValue(
  pod: Pod,
  container: Container,
  { resource, divisor }: ResourceField,
  allocatable: Amounts,
): string | undefined {
  const [, part, name = ''] = /^(requests|limits)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(resource) ?? [];
  if (!part) return undefined;
  const own = container.resources?.[part as 'requests' | 'limits']?.[name];
  const isBounded = part === 'limits' && !name.startsWith('hugepages-') && milliCpu(own) === 0;
  const amount = isBounded ? (pod.spec.resources?.limits?.[name] ?? allocatable[name]) : own;
  const count = name === 'cpu' ? milliCpu : wholeUnits;
  return String(Math.ceil(count(amount) / (count(divisor) || count(1))));
}
