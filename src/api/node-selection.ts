// Whether a pod's own words let it run on a node: nodeSelector and required node affinity.
import type { Node } from './kinds/node.ts';
import type { PodSpec } from './kinds/pod-template.ts';
import { matchesMap, matchesRequirements, type Requirement } from './selector.ts';

type NodeSelectorTerm = NonNullable<
  NonNullable<
    NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
  >['nodeSelectorTerms']
>[number];

export function selectsNode(spec: PodSpec, node: Node): boolean {
  const { nodeSelector, affinity } = spec;
  if (nodeSelector && Object.keys(nodeSelector).length > 0 && !matchesMap(nodeSelector, node.metadata.labels)) {
    return false;
  }
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => termMatches(term, node));
}

/** All of a term must hold; an empty one selects nothing. */
function termMatches({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
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
