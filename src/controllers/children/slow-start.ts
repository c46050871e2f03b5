// Does the same thing many times in batches that double, one at first: where it cannot work (a quota is used up), a few
// tries show it instead of thousands.

export interface SlowStartOutcome {
  /** How many times it was tried. */
  tried: number;
  /** The first failure; the batch in which it happened was the last one. */
  error?: unknown;
}

export async function slowStart(count: number, run: () => Promise<void>): Promise<SlowStartOutcome> {
  let tried = 0;
  for (let batch = 1; tried < count; batch *= 2) {
    const size = Math.min(batch, count - tried);
    const results = await Promise.allSettled(Array.from({ length: size }, run));
    tried += size;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) return { tried, error: failed.reason };
  }
  return { tried };
}
