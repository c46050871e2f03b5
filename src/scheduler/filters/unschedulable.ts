// The node has not been cordoned, or the pod tolerates it.
import type { Taint } from '../../api/kinds/node.ts';
import { tolerates, unschedulableTaint } from '../../api/taints.ts';
import type { Filter } from './filter.ts';

const cordon: Taint = { key: unschedulableTaint, effect: 'NoSchedule' };

export const unschedulableFilter: Filter = {
  refusals: ({ pod }, { node }) =>
    node.spec.unschedulable && !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, cordon))
      ? ['node(s) were unschedulable']
      : [],
  helpedBy: ['node-changed'],
};
