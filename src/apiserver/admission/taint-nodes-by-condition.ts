// A new node takes no pods until somebody has found it ready.
import { nodes } from '../../api/kinds/node.ts';
import { notReadyTaint } from '../../api/taints.ts';
import { type AdmissionStep, created } from './admission.ts';

export const taintNodesByCondition: AdmissionStep = {
  name: 'TaintNodesByCondition',
  admit: (admission) => {
    const node = created(admission, nodes);
    if (!node) return;
    const taint = { key: notReadyTaint, effect: 'NoSchedule' } as const;
    node.spec.taints ??= [];
    const { taints } = node.spec;
    if (!taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) taints.push(taint);
  },
};
