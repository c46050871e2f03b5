// How much of a node a pod asks for: amounts by resource name, cpu in thousandths of a core, all else in whole units.
import type { Container, PodSpec } from './kinds/pod-spec/types.ts';
import { milliCpu, wholeUnits } from './quantity.ts';

export type Amounts = Record<string, number>;
type Quantities = Record<string, string | number> | undefined;

export function amountsOf(quantities: Quantities): Amounts {
  const amounts: Amounts = {};
  for (const [name, quantity] of Object.entries(quantities ?? {})) {
    amounts[name] = name === 'cpu' ? milliCpu(quantity) : wholeUnits(quantity);
  }
  return amounts;
}

/** What a pod is made of, in amounts of any sort that can be summed and compared. */
export interface PodParts<T> {
  spec: PodSpec;
  ofContainer(container: Container): Record<string, T>;
  /** What the pod states as a whole. */
  ofWhole: Record<string, T>;
  ofOverhead: Record<string, T>;
  /** Overhead counts for those resources alone of which there is an amount already. */
  overheadOnlyWhereAsked?: boolean;
}

export interface Arithmetic<T> {
  sum(one: T, other: T): T;
  larger(one: T, other: T): T;
}

const numbers: Arithmetic<number> = { sum: (one, other) => one + other, larger: Math.max };

/**
 * Containers and sidecars run together, init containers one at a time beside the sidecars started before them: the
 * pod needs the larger of the two, and its overhead. What the pod states as a whole replaces the sum.
 */
export function podTotal<T>(parts: PodParts<T>, { sum, larger }: Arithmetic<T>): Record<string, T> {
  const { spec, ofContainer, ofWhole, ofOverhead } = parts;
  const running: Record<string, T> = {};
  for (const container of spec.containers) merge(running, ofContainer(container), sum);
  const sidecars: Record<string, T> = {};
  const starting: Record<string, T> = {};
  for (const container of spec.initContainers ?? []) {
    const own = ofContainer(container);
    if (container.restartPolicy === 'Always') {
      merge(sidecars, own, sum);
    } else {
      const beside = { ...sidecars };
      merge(beside, own, sum);
      merge(starting, beside, larger);
    }
  }
  merge(running, sidecars, sum);
  merge(running, starting, larger);
  Object.assign(running, ofWhole);
  for (const [name, amount] of Object.entries(ofOverhead)) {
    if (!parts.overheadOnlyWhereAsked || name in running) merge(running, { [name]: amount }, sum);
  }
  return running;
}

export function podRequests(spec: PodSpec): Amounts {
  return requestsBy(spec, (container) => amountsOf(container.resources?.requests));
}

/** What a pod may use at most of those resources of which anything in it has a limit. */
export function podLimits(spec: PodSpec): Amounts {
  const parts = {
    spec,
    ofContainer: ({ resources }: Container) => amountsOf(resources?.limits),
    ofWhole: amountsOf(spec.resources?.limits),
    ofOverhead: amountsOf(spec.overhead),
    overheadOnlyWhereAsked: true,
  };
  return podTotal(parts, numbers);
}

/** What the pod asks for where its containers ask for what is answered of them. */
export function requestsBy(spec: PodSpec, ofContainer: (container: Container) => Amounts): Amounts {
  const ofWhole = amountsOf(spec.resources?.requests);
  return podTotal({ spec, ofContainer, ofWhole, ofOverhead: amountsOf(spec.overhead) }, numbers);
}

/** What a pod that asks for nothing is taken to use where nodes are compared: a tenth of a core and 200 MiB. */
export function assumedRequests(spec: PodSpec): { milliCpu: number; memoryBytes: number } {
  const assumed = (container: Container): Amounts => {
    const { cpu, memory } = amountsOf(container.resources?.requests);
    return { cpu: cpu ?? 100, memory: memory ?? 200 * 2 ** 20 };
  };
  const { cpu = 0, memory = 0 } = requestsBy(spec, assumed);
  return { milliCpu: cpu, memoryBytes: memory };
}

export function add(sum: Amounts, amounts: Amounts): void {
  merge(sum, amounts, numbers.sum);
}

export function subtract(sum: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0) - amount;
}

function merge<T>(into: Record<string, T>, amounts: Record<string, T>, combine: (one: T, other: T) => T): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const known = into[name];
    into[name] = known === undefined ? amount : combine(known, amount);
  }
}
