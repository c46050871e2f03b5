// Requests and limits of a container in the kernel's terms.
import type { Container } from '../../api/kinds/pod-template.ts';
import { milliCpu, wholeUnits } from '../../api/quantity.ts';
import type { ContainerResources } from '../runtime.ts';

const fewestShares = 2;
const mostShares = 262_144;
/** The kernel takes no smaller quota. */
const smallestQuotaMicros = 1_000;

export function containerResources({ resources }: Container): ContainerResources {
  const { requests, limits } = resources ?? {};
  const requestedMilli = milliCpu(requests?.cpu ?? limits?.cpu);
  const limitMilli = milliCpu(limits?.cpu);
  return {
    cpuShares: Math.min(mostShares, Math.max(fewestShares, Math.floor((requestedMilli * 1024) / 1000))),
    cpuQuotaMicros: limitMilli > 0 ? Math.max(smallestQuotaMicros, limitMilli * 100) : undefined,
    memoryBytes: wholeUnits(limits?.memory) || undefined,
  };
}
