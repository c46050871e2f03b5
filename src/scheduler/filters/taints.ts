// The pod tolerates the node's taints of the effects NoSchedule and NoExecute.
import type { Taint } from '../../api/kinds/node.ts';
import { type TaintEffect, untoleratedTaint } from '../../api/taints.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { type Filter, incurable } from './filter.ts';

const repelling: readonly TaintEffect[] = ['NoSchedule', 'NoExecute'];

export const taintsFilter: Filter = {
  name: 'TaintToleration',
  prepare: ({ pod }) => ({
    check: ({ taints }) => {
      if (taints.length === 0) return undefined;
      const taint = repellingTaint(taints, pod.spec.tolerations);
      return taint && incurable(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
    },
  }),
  hints: { node: ({ object }, { pod }) => !repellingTaint(object.spec.taints ?? [], pod.spec.tolerations) },
};

export function repellingTaint(
  taints: readonly Taint[],
  tolerations: PodDemand['pod']['spec']['tolerations'] = [],
): Taint | undefined {
  return untoleratedTaint(taints, tolerations, repelling);
}
