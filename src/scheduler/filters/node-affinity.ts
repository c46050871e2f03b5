// The pod's nodeSelector and required node affinity pick the node.
import { selectsNode } from '../../api/node-selection.ts';
import type { Filter } from './filter.ts';

export const nodeAffinityFilter: Filter = {
  refusals: ({ pod }, { node }) =>
    selectsNode(pod.spec, node) ? [] : ["node(s) didn't match Pod's node affinity/selector"],
  helpedBy: ['node-changed'],
};
