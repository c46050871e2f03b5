// What Kubernetes' admission gives every new pod: an account, and a while to outlast a node's trouble.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { AdmissionStep } from './admission.ts';

const outlastSeconds = 300;

export const podDefaults: AdmissionStep = {
  name: 'PodDefaults',
  admit: ({ request, object, previous }) => {
    if (previous || request.kind !== pods) return;
    const { spec } = object as Pod;
    spec.serviceAccountName ||= 'default';
    spec.serviceAccount = spec.serviceAccountName;
    spec.priority ??= 0;
    spec.preemptionPolicy ??= 'PreemptLowerPriority';
    spec.tolerations ??= [];
    const { tolerations } = spec;
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
      const tolerated = tolerations.some(
        (toleration) =>
          (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute'),
      );
      if (!tolerated)
        tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: outlastSeconds });
    }
  },
};
