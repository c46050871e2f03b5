// pods/resize: cpu and memory of a pod changed in place. Only resources and resize policies are taken from what is sent.
import { type Pod, validatePod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-spec/types.ts';
import { validateResize } from '../../api/kinds/pod-spec/updates.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { MethodNotAllowed } from '../../api/status.ts';
import type { Cause } from '../../api/validation.ts';
import { sentObject } from '../rest/decoding.ts';
import { object, type SubresourceHandler } from '../rest/rest.ts';

export const resize: SubresourceHandler = async (request, rest) => {
  if (request.verb === 'get') return object(200, rest.find(request));
  if (request.verb !== 'update' && request.verb !== 'patch') throw new MethodNotAllowed();
  const edit = (current: KubeObject): KubeObject => {
    const sent = sentObject(request, current) as Pod;
    const pod = mutableCopy(current) as Pod;
    pod.spec.containers = resized(pod.spec.containers, sent.spec.containers);
    const init = resized(pod.spec.initContainers ?? [], sent.spec.initContainers ?? []);
    if (init.length > 0) pod.spec.initContainers = init;
    return { ...pod, metadata: { ...pod.metadata, resourceVersion: sent.metadata.resourceVersion ?? '' } } as Pod;
  };
  return object(200, await rest.writes.change(request, edit, { rules }));
};

/** Where containers were added, removed or renamed, they are left as sent: validation refuses that. */
function resized(current: Container[], sent: Container[]): Container[] {
  const isSameList = sent.length === current.length && sent.every(({ name }, index) => name === current[index]?.name);
  if (!isSameList) return sent;
  return current.map((container, index) => {
    const { resources, resizePolicy } = sent[index] ?? container;
    const { resources: _before, resizePolicy: _policy, ...rest } = container;
    return { ...rest, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) };
  });
}

function* rules(changed: KubeObject, previous: KubeObject): Iterable<Cause> {
  const [pod, before] = [changed as Pod, previous as Pod];
  yield* validatePod(pod, before);
  yield* validateResize(pod, before);
}
