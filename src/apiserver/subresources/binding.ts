// pods/binding: the scheduler's decision. A pod is bound once and for all.
import type { Pod } from '../../api/kinds/pod.ts';
import { mutableCopy } from '../../api/meta.ts';
import { BadRequest, Conflict, MethodNotAllowed } from '../../api/status.ts';
import { subjectOf } from '../rest/request.ts';
import type { SubresourceHandler } from '../rest/rest.ts';

interface Binding {
  metadata?: { uid?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  target?: { kind?: string; name?: string };
}

export const binding: SubresourceHandler = async (request, rest) => {
  if (request.verb !== 'create') throw new MethodNotAllowed();
  const { target, metadata } = (request.body ?? {}) as Binding;
  const node = target?.name;
  if (!node || (target.kind ?? 'Node') !== 'Node') throw new BadRequest('target.name must name a Node');
  await rest.writes.change(request, (current) => {
    const pod = mutableCopy(current) as Pod;
    if (metadata?.uid && metadata.uid !== pod.metadata.uid)
      throw new Conflict(subjectOf(request), 'the pod has been made anew');
    if (pod.metadata.deletionTimestamp)
      throw new Conflict(subjectOf(request), `pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
    if (pod.spec.nodeName)
      throw new Conflict(
        subjectOf(request),
        `pod ${pod.metadata.name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`,
      );
    pod.spec.nodeName = node;
    return pod;
  });
  return { type: 'status', status: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
};
