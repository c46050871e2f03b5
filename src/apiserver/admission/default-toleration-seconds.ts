// A pod that says nothing of lost nodes outlasts five minutes of a node's silence.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { notReadyTaint, unreachableTaint } from '../../api/taints.ts';
import { type AdmissionStep, changed, created } from './admission.ts';

const outlastSeconds = 300;

export const defaultTolerationSeconds: AdmissionStep = {
  name: 'DefaultTolerationSeconds',
  admit: (admission) => {
    const pod = created(admission, pods) ?? changed(admission, pods)?.object;
    if (pod) for (const taint of [notReadyTaint, unreachableTaint]) outlast(pod, taint);
  },
};

function outlast({ spec }: Pod, key: string): void {
  const isSpoken = spec.tolerations?.some(
    (toleration) =>
      (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute'),
  );
  if (isSpoken) return;
  spec.tolerations ??= [];
  spec.tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: outlastSeconds });
}
