// Requests and limits of a container in the kernel's terms.
import type { Container } from '../../api/kinds/pod-template.ts';
import { milliCpu, wholeUnits } from '../../api/quantity.ts';
import type { ContainerResources } from '../runtime.ts';
import { cpuQuotaMicros, cpuShares } from './cpu.ts';

export function containerResources({ resources }: Container): ContainerResources {
  const { requests, limits } = resources ?? {};
  return {
    cpuShares: cpuShares(milliCpu(requests?.cpu ?? limits?.cpu)),
    cpuQuotaMicros: cpuQuotaMicros(milliCpu(limits?.cpu)),
    memoryBytes: wholeUnits(limits?.memory) || undefined,
  };
}
