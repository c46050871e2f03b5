// What of a node is kept from pods: for the system, for this agent and Docker, and what has to be left when all else is used.
import type { Amounts } from '../../api/pod-resources.ts';
import { add } from '../../api/pod-resources.ts';
import { formatKibibytes, milliCpu, parseQuantity, wholeUnits } from '../../api/quantity.ts';

export const reservable = ['cpu', 'memory', 'ephemeral-storage', 'pid'] as const;

/** Pods are ended before the node has less of it: Kubernetes' defaults. */
const leastFreeMemoryBytes = 100 * 2 ** 20;
const leastFreeDisk = 0.1;

/** Amounts as they are written on a command line: cpu=200m,memory=512Mi. Throws with what is wrong. */
export function parseReserve(text: string): Amounts {
  const amounts: Amounts = {};
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [name = '', quantity = ''] = part.split('=', 2);
    if (!reservable.some((known) => known === name))
      throw new Error(`"${name}" cannot be reserved, only ${reservable.join(', ')}`);
    const parsed = parseQuantity(quantity);
    if (quantity === '' || !parsed || parsed.nano < 0n) throw new Error(`"${part}" is no amount, as ${name}=1 is`);
    amounts[name] = name === 'cpu' ? milliCpu(quantity) : wholeUnits(quantity);
  }
  return amounts;
}

export function reserveOf(...reserves: readonly Amounts[]): Amounts {
  const sum: Amounts = {};
  for (const reserve of reserves) add(sum, reserve);
  return sum;
}

/** What pods may use together. Throws where nothing is left. */
export function leftForPods(capacity: Amounts, reserve: Amounts): Amounts {
  const left: Amounts = {};
  for (const [name, amount] of Object.entries(capacity)) {
    left[name] = amount - (reserve[name] ?? 0);
    if (left[name] <= 0 && reserve[name])
      throw new Error(`system-reserved and kube-reserved leave no ${name} for pods: this host has ${amount} in all`);
  }
  return left;
}

/** What the scheduler may give to pods, in the words of a node's status. */
export function allocatableOf(forPods: Amounts, diskBytes: number): Record<string, string> {
  const { cpu = 0, memory = 0 } = forPods;
  const disk = (forPods['ephemeral-storage'] ?? 0) - diskBytes * leastFreeDisk;
  return {
    cpu: cpu % 1000 === 0 ? String(cpu / 1000) : `${cpu}m`,
    memory: formatKibibytes(Math.max(0, memory - leastFreeMemoryBytes)),
    'ephemeral-storage': String(Math.max(0, Math.floor(disk))),
  };
}
