// CPU in the kernel's terms: how much of a busy machine a group gets beside others, and how much it may use at most.

const fewestShares = 2;
const mostShares = 262_144;
const mostWeight = 10_000;
/** The kernel takes no smaller quota. */
const smallestQuotaMicros = 1_000;

export const cpuPeriodMicros = 100_000;

/** What Kubernetes writes where nothing is asked for, and the least there is. */
export function cpuShares(milliCpu: number): number {
  return Math.min(mostShares, Math.max(fewestShares, Math.floor((milliCpu * 1024) / 1000)));
}

/** Control groups v2 count the same from 1 to 10000. */
export function cpuWeight(shares: number): number {
  return 1 + Math.floor(((shares - fewestShares) * (mostWeight - 1)) / (mostShares - fewestShares));
}

/** Microseconds of CPU in each period; undefined is no limit. */
export function cpuQuotaMicros(limitMilliCpu: number): number | undefined {
  return limitMilliCpu > 0 ? Math.max(smallestQuotaMicros, (limitMilliCpu * cpuPeriodMicros) / 1000) : undefined;
}
