// The pod's nodeSelector and required node affinity pick the node.
import type { PodDemand } from '../pods/pod-demand.ts';
import { type Filter, incurable } from './filter.ts';

const unwanted = incurable("node(s) didn't match Pod's node affinity/selector");

export const nodeAffinityFilter: Filter = {
  name: 'NodeAffinity',
  prepare: (demand) => {
    const { choice } = demand;
    if (!choice) return undefined;
    const only = nodesMeant(demand);
    return {
      check: ({ node }) => (choice(node) ? undefined : unwanted),
      ...(only && { only }),
    };
  },
  hints: { node: ({ object }, { choice }) => choice?.(object) ?? true },
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
