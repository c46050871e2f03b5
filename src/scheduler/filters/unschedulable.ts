// The node has not been cordoned, or the pod tolerates it.
import type { Node, Taint } from '../../api/kinds/node.ts';
import { tolerates, unschedulableTaint } from '../../api/taints.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { type Filter, incurable } from './filter.ts';

const cordon: Taint = { key: unschedulableTaint, effect: 'NoSchedule' };
const cordoned = incurable('node(s) were unschedulable');

export const unschedulableFilter: Filter = {
  name: 'NodeUnschedulable',
  prepare: (demand) => (toleratesCordon(demand) ? undefined : { check: ({ node }) => isCordoned(node) && cordoned }),
  hints: { node: ({ object }, demand) => !isCordoned(object) || toleratesCordon(demand) },
};

const isCordoned = ({ spec }: Node) => spec.unschedulable || undefined;

function toleratesCordon({ pod }: PodDemand): boolean {
  return (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, cordon));
}
