// pods/ephemeralcontainers: containers put into a pod that runs, to look around. Only they are taken from what is sent.
import { type Pod, validatePod } from '../../api/kinds/pod.ts';
import { validateEphemeralUpdate } from '../../api/kinds/pod-spec/updates.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { MethodNotAllowed } from '../../api/status.ts';
import type { Cause } from '../../api/validation.ts';
import { sentObject } from '../rest/decoding.ts';
import { object, type SubresourceHandler } from '../rest/rest.ts';

export const ephemeralContainers: SubresourceHandler = async (request, rest) => {
  if (request.verb === 'get') return object(200, rest.find(request));
  if (request.verb !== 'update' && request.verb !== 'patch') throw new MethodNotAllowed();
  const edit = (current: KubeObject): KubeObject => {
    const { spec, metadata } = sentObject(request, current) as Pod;
    const pod = mutableCopy(current) as Pod;
    const { ephemeralContainers } = spec;
    if (ephemeralContainers) pod.spec.ephemeralContainers = ephemeralContainers;
    else delete pod.spec.ephemeralContainers;
    return { ...pod, metadata: { ...pod.metadata, resourceVersion: metadata.resourceVersion ?? '' } } as Pod;
  };
  return object(200, await rest.writes.change(request, edit, { rules }));
};

function* rules(changed: KubeObject, previous: KubeObject): Iterable<Cause> {
  const [pod, before] = [changed as Pod, previous as Pod];
  yield* validatePod(pod, before);
  yield* validateEphemeralUpdate(pod.spec, before.spec, before.metadata);
}
