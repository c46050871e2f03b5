// What a pod's run time class costs, and which nodes have it, goes into the pod.
import { isDeepStrictEqual } from 'node:util';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type RuntimeClass, runtimeClasses } from '../../api/kinds/runtime-class.ts';
import { mutableCopy } from '../../api/meta.ts';
import { type Admission, type AdmissionStep, created, refusal } from './admission.ts';

export const runtimeClass: AdmissionStep = {
  name: 'RuntimeClass',
  admit: (admission, { cache }) => {
    const pod = created(admission, pods);
    if (!pod) return;
    const { runtimeClassName: name, overhead } = pod.spec;
    if (!name) {
      if (!overhead) return;
      throw refusal(admission, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
    const found = cache.get(runtimeClasses, undefined, name)?.object as RuntimeClass | undefined;
    if (!found) throw refusal(admission, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    applyOverhead(pod, found, admission);
    applyScheduling(pod, found, admission);
  },
};

function applyOverhead({ spec }: Pod, { overhead }: RuntimeClass, admission: Admission): void {
  const fixed = overhead?.podFixed;
  if (spec.overhead && !isDeepStrictEqual(spec.overhead, fixed)) {
    throw refusal(admission, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  if (fixed) spec.overhead = { ...fixed };
}

function applyScheduling({ spec }: Pod, { scheduling }: RuntimeClass, admission: Admission): void {
  for (const [label, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[label];
    if (own !== undefined && own !== value) {
      const why = `conflict: runtimeClass.scheduling.nodeSelector[${label}] = ${value}; pod.spec.nodeSelector[${label}] = ${own}`;
      throw refusal(admission, why);
    }
    spec.nodeSelector = { ...spec.nodeSelector, [label]: value };
  }
  const missing = (scheduling?.tolerations ?? []).filter(
    (toleration) => !spec.tolerations?.some((own) => isDeepStrictEqual(own, toleration)),
  );
  if (missing.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...mutableCopy(missing)];
}
