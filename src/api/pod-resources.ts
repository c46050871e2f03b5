// How much of a node a pod asks for: amounts by resource name, cpu in thousandths of a core, all else in whole units.
import type { Container, PodSpec } from './kinds/pod-template.ts';
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

/**
 * Containers and sidecars run together, init containers one at a time beside the sidecars started before them: the
 * pod needs the larger of the two, and its overhead. What the pod states as a whole replaces the sum.
 */
export function podRequests(spec: PodSpec): Amounts {
  return podAmounts(spec, (container) => amountsOf(container.resources?.requests), amountsOf(spec.resources?.requests));
}

function podAmounts(spec: PodSpec, amountsOfContainer: (container: Container) => Amounts, ofWhole: Amounts): Amounts {
  const running: Amounts = {};
  for (const container of spec.containers) add(running, amountsOfContainer(container));
  const sidecars: Amounts = {};
  const starting: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    const own = amountsOfContainer(container);
    if (container.restartPolicy === 'Always') add(sidecars, own);
    else raise(starting, sumOf(sidecars, own));
  }
  add(running, sidecars);
  raise(running, starting);
  Object.assign(running, ofWhole);
  add(running, amountsOf(spec.overhead));
  return running;
}

/** What a pod that asks for nothing is taken to use where nodes are compared: a tenth of a core and 200 MiB. */
export function assumedRequests(spec: PodSpec): { milliCpu: number; memoryBytes: number } {
  const assumed = (container: Container): Amounts => {
    const { cpu, memory } = amountsOf(container.resources?.requests);
    return { cpu: cpu ?? 100, memory: memory ?? 200 * 2 ** 20 };
  };
  const { cpu = 0, memory = 0 } = podAmounts(spec, assumed, amountsOf(spec.resources?.requests));
  return { milliCpu: cpu, memoryBytes: memory };
}

export function add(sum: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0) + amount;
}

export function subtract(sum: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0) - amount;
}

function raise(sum: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sum[name] = Math.max(sum[name] ?? 0, amount);
}

function sumOf(one: Amounts, other: Amounts): Amounts {
  const sum = { ...one };
  add(sum, other);
  return sum;
}
