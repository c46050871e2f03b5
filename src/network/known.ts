// When what an agent knows of the cluster at its start may be believed. What it remembers stands in until the API answers; but where
// the kernel still has rules of a former life, these may be newer than that memory, and the API is waited for a while.
import type { KubeObject } from '../api/meta.ts';
import type { Clock } from '../base/clock.ts';
import type { Informer } from '../client/informer.ts';

/** How long the API is waited for where the kernel's rules may know more than we remember. */
const apiWithinMs = 5_000;

export interface Circumstances {
  /** Whether the kernel had rules of ours. */
  hasRules: boolean;
  clock: Clock;
}

/** Resolves when all of them are complete enough to make rules of. */
export async function known(
  informers: readonly Pick<Informer<KubeObject>, 'listed' | 'synced'>[],
  { hasRules, clock }: Circumstances,
  signal: AbortSignal,
): Promise<void> {
  const areSynced = () => Promise.all(informers.map(({ synced }) => synced));
  const areListed = () => Promise.all(informers.map(({ listed }) => listed));
  if (hasRules) await Promise.race([areListed(), clock.sleep(apiWithinMs, signal).then(areSynced)]);
  else await areSynced();
}
