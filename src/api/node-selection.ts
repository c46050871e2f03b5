// Whether a pod's own words let it run on a node: nodeSelector and required node affinity.
import type { Node } from './kinds/node.ts';
import type { PodSpec } from './kinds/pod-template.ts';
import { matchesMap, matchesRequirements, type Requirement } from './selector.ts';

type NodeSelectorTerm = NonNullable<
  NonNullable<
    NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
  >['nodeSelectorTerms']
>[number];

/** What selections look at. */
export interface NamedNode {
  metadata: { name: string; labels?: Record<string, string> };
}

export function selectsNode(spec: PodSpec, node: Node): boolean {
  const { nodeSelector, affinity } = spec;
  if (nodeSelector && Object.keys(nodeSelector).length > 0 && !matchesMap(nodeSelector, node.metadata.labels)) {
    return false;
  }
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || someTermSelects(required.nodeSelectorTerms, node);
}

export function someTermSelects(terms: readonly NodeSelectorTerm[], node: NamedNode): boolean {
  return terms.some((term) => termMatches(term, node));
}

/** All of a term must hold; an empty one selects nothing. */
function termMatches({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: NamedNode): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name };
  return (
    matchesRequirements(matchExpressions.map(requirement), node.metadata.labels) &&
    matchesRequirements(matchFields.map(requirement), fields)
  );
}

function requirement({
  key,
  operator,
  values = [],
}: {
  key: string;
  operator: string;
  values?: string[];
}): Requirement {
  return { key, operator: operator as Requirement['operator'], values };
}
