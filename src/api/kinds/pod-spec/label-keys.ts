// Selectors that speak of the pod's own labels ("the same version as mine"): settled when the pod is made.
import type { LabelSelector } from '../../selector.ts';
import type { PodMetadata, PodSpec } from './types.ts';

interface Term {
  labelSelector?: LabelSelector;
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
}

export function applyLabelKeys(spec: PodSpec, { labels = {} }: PodMetadata): void {
  const affinities = [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity];
  const terms: Term[] = affinities.flatMap((affinity) => [
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm = {} as Term }) => podAffinityTerm,
    ),
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
  ]);
  for (const term of [...terms, ...(spec.topologySpreadConstraints ?? [])]) applyToTerm(term, labels);
}

function applyToTerm(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: Term,
  labels: Record<string, string>,
) {
  if (!labelSelector) return;
  const expressions = [
    ...expressionsOf(matchLabelKeys, 'In', labels),
    ...expressionsOf(mismatchLabelKeys, 'NotIn', labels),
  ];
  if (expressions.length === 0) return;
  labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...expressions];
}

function expressionsOf(keys: readonly string[], operator: 'In' | 'NotIn', labels: Record<string, string>) {
  return keys.flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}
