// The pod tolerates the node's taints of the effects NoSchedule and NoExecute.
import { untoleratedTaint } from '../../api/taints.ts';
import type { Filter } from './filter.ts';

export const taintsFilter: Filter = {
  refusals: ({ pod }, { taints }) => {
    const taint = untoleratedTaint(taints, pod.spec.tolerations ?? [], ['NoSchedule', 'NoExecute']);
    return taint ? [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`] : [];
  },
  helpedBy: ['node-changed'],
};
