// What the pods that have their nodes say of other pods, each different term once with the nodes where it is said: a new
// pod is held against the few terms, not against the many pods.

import type { PodDemand } from '../pods/pod-demand.ts';
import type { PodTerm } from '../pods/pod-terms.ts';
import type { CountByNode } from './pod-counts.ts';
import { addTo } from './pod-counts.ts';

interface StandingTerm {
  term: PodTerm;
  weight: number;
  nodes: Map<string, number>;
}

export class StandingTerms {
  readonly #required = new Map<string, StandingTerm>();
  readonly #requiredApart = new Map<string, StandingTerm>();
  readonly #preferred = new Map<string, StandingTerm>();

  get required(): Iterable<{ term: PodTerm; nodes: CountByNode }> {
    return this.#required.values();
  }

  get requiredApart(): Iterable<{ term: PodTerm; nodes: CountByNode }> {
    return this.#requiredApart.values();
  }

  get preferred(): Iterable<{ term: PodTerm; weight: number; nodes: CountByNode }> {
    return this.#preferred.values();
  }

  change({ affinity }: PodDemand, nodeName: string, by: 1 | -1): void {
    for (const term of affinity.required) note(this.#required, term.key, { term, weight: 1 }, nodeName, by);
    for (const term of affinity.requiredApart) note(this.#requiredApart, term.key, { term, weight: 1 }, nodeName, by);
    for (const { key, term, weight } of affinity.preferred) note(this.#preferred, key, { term, weight }, nodeName, by);
  }
}

function note(
  terms: Map<string, StandingTerm>,
  key: string,
  said: { term: PodTerm; weight: number },
  nodeName: string,
  by: 1 | -1,
): void {
  const known = terms.get(key) ?? { ...said, nodes: new Map<string, number>() };
  addTo(known.nodes, nodeName, by);
  if (known.nodes.size === 0) terms.delete(key);
  else terms.set(key, known);
}
