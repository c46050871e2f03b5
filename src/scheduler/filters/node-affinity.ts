// The pod's nodeSelector and required node affinity pick the node.
import { selectsNode } from '../../api/node-selection.ts';
import type { PodDemand } from '../pod-demand.ts';
import { type Filter, incurable } from './filter.ts';

const unwanted = incurable("node(s) didn't match Pod's node affinity/selector");

export const nodeAffinityFilter: Filter = {
  name: 'NodeAffinity',
  prepare: (demand) => {
    const { nodeSelector, affinity } = demand.pod.spec;
    if (!nodeSelector && !affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution) return undefined;
    const only = nodesMeant(demand);
    return {
      check: ({ node }) => (selectsNode(demand.pod.spec, node) ? undefined : unwanted),
      ...(only && { only }),
    };
  },
  hints: { node: ({ object }, { pod }) => selectsNode(pod.spec, object) },
};

/** The nodes that the pod is meant for by their names, as pods of a DaemonSet are: others need not be looked at. */
function nodesMeant({ pod }: PodDemand): ReadonlySet<string> | undefined {
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return undefined;
  const meant = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const named = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (!named) return undefined;
    for (const name of named.values ?? []) meant.add(name);
  }
  return meant;
}
