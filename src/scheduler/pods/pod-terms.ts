// What pods say of other pods: (anti-)affinity terms and spread constraints, read once into a form that is quickly matched.
// Holds: terms of equal `key` mean the same, so that what is counted for one replica serves the next.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Affinity, PodSpec } from '../../api/kinds/pod-spec/types.ts';
import {
  type LabelSelector,
  type Labels,
  matchesRequirements,
  type Requirement,
  requirementsOf,
} from '../../api/selector.ts';

type StatedTerm = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];
type StatedSpread = NonNullable<PodSpec['topologySpreadConstraints']>[number];

/** What of a pod others may look at. */
export interface Labelled {
  namespace: string;
  labels: Labels;
}

export interface PodTerm {
  key: string;
  topologyKey: string;
  namespaces: ReadonlySet<string>;
  /** Namespaces by their labels, besides those named; an empty list is all of them. */
  namespaceRequirements: readonly Requirement[] | undefined;
  /** None select nothing, an empty list everything. */
  requirements: Requirement[] | undefined;
}

export interface WeightedTerm {
  key: string;
  term: PodTerm;
  weight: number;
}

export interface AffinityTerms {
  required: readonly PodTerm[];
  requiredApart: readonly PodTerm[];
  /** Those to keep away from have a negative weight. */
  preferred: readonly WeightedTerm[];
}

export interface SpreadConstraint {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  isRequired: boolean;
  selector: PodSelector;
  onlyAffine: boolean;
  onlyTolerated: boolean;
}

/** Pods of one namespace that are not on their way out, by their labels. */
export interface PodSelector {
  key: string;
  namespace: string;
  requirements: Requirement[] | undefined;
}

const noTerms: AffinityTerms = { required: [], requiredApart: [], preferred: [] };

export function affinityTermsOf({ spec, metadata }: Pod): AffinityTerms {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return noTerms;
  const namespace = metadata.namespace ?? '';
  const read = (term: StatedTerm) => podTerm(term, namespace);
  const weighted = (sign: 1 | -1, stated: NonNullable<typeof podAffinity> | undefined) =>
    (stated?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight = 0 }) => {
      const term = read(podAffinityTerm);
      return { key: `${sign * weight} ${term.key}`, term, weight: sign * weight };
    });
  return {
    required: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(read),
    requiredApart: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(read),
    preferred: [...weighted(1, podAffinity), ...weighted(-1, podAntiAffinity)],
  };
}

function podTerm(stated: StatedTerm, ownNamespace: string): PodTerm {
  const { topologyKey, labelSelector, namespaces = [], namespaceSelector } = stated;
  const named = namespaces.length === 0 && !namespaceSelector ? [ownNamespace] : namespaces;
  return {
    key: JSON.stringify([topologyKey, labelSelector, named, namespaceSelector]),
    topologyKey,
    namespaces: new Set(named),
    namespaceRequirements: namespaceSelector && requirementsOf(namespaceSelector as LabelSelector),
    requirements: labelSelector && requirementsOf(labelSelector as LabelSelector),
  };
}

export function termMatches(term: PodTerm, pod: Labelled, labelsOfNamespace: (name: string) => Labels): boolean {
  return isInNamespaces(term, pod.namespace, labelsOfNamespace) && selects(term.requirements, pod.labels);
}

function isInNamespaces(term: PodTerm, namespace: string, labelsOfNamespace: (name: string) => Labels): boolean {
  if (term.namespaces.has(namespace)) return true;
  const { namespaceRequirements } = term;
  if (!namespaceRequirements) return false;
  return (
    namespaceRequirements.length === 0 || matchesRequirements([...namespaceRequirements], labelsOfNamespace(namespace))
  );
}

export function spreadConstraintsOf({ spec, metadata }: Pod): SpreadConstraint[] {
  return (spec.topologySpreadConstraints ?? []).map((stated) => spreadConstraint(stated, metadata.namespace ?? ''));
}

function spreadConstraint(stated: StatedSpread, namespace: string): SpreadConstraint {
  return {
    topologyKey: stated.topologyKey,
    maxSkew: stated.maxSkew,
    minDomains: stated.minDomains ?? 1,
    isRequired: stated.whenUnsatisfiable === 'DoNotSchedule',
    selector: podSelector(namespace, stated.labelSelector as LabelSelector | undefined),
    onlyAffine: stated.nodeAffinityPolicy !== 'Ignore',
    onlyTolerated: stated.nodeTaintsPolicy === 'Honor',
  };
}

export function podSelector(namespace: string, selector: LabelSelector | undefined): PodSelector {
  return {
    key: JSON.stringify([namespace, selector]),
    namespace,
    requirements: selector && requirementsOf(selector),
  };
}

export function selectsPod(selector: PodSelector, pod: Labelled): boolean {
  return selector.namespace === pod.namespace && selects(selector.requirements, pod.labels);
}

function selects(requirements: Requirement[] | undefined, labels: Labels): boolean {
  return requirements !== undefined && matchesRequirements(requirements, labels);
}
