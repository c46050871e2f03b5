// Whether a pod's own words let it run on a node: nodeSelector and required node affinity.
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

export type NodeChoice = (node: NamedNode) => boolean;

export function selectsNode(spec: PodSpec, node: NamedNode): boolean {
  return nodeChoice(spec)?.(node) ?? true;
}

/** What a pod says of the nodes on which it may run, read once for many nodes; nothing where it says nothing. */
export function nodeChoice({ nodeSelector, affinity }: PodSpec): NodeChoice | undefined {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const labels = nodeSelector && Object.keys(nodeSelector).length > 0 ? nodeSelector : undefined;
  if (!labels && !required) return undefined;
  const terms = required && termChoice(required.nodeSelectorTerms);
  return (node) => (!labels || matchesMap(labels, node.metadata.labels)) && (!terms || terms(node));
}

export function someTermSelects(terms: readonly NodeSelectorTerm[], node: NamedNode): boolean {
  return termChoice(terms)(node);
}

/** One of the terms must hold, and all of it; an empty one selects nothing. */
export function termChoice(terms: readonly NodeSelectorTerm[]): NodeChoice {
  const read = terms
    .map(({ matchExpressions = [], matchFields = [] }) => ({
      labels: matchExpressions.map(requirement),
      fields: matchFields.map(requirement),
    }))
    .filter(({ labels, fields }) => labels.length + fields.length > 0);
  return ({ metadata: { name, labels: stated } }) =>
    read.some(
      ({ labels, fields }) =>
        matchesRequirements(labels, stated) &&
        (fields.length === 0 || matchesRequirements(fields, { 'metadata.name': name })),
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
