// pods/binding, and bindings as a kind of their own: the scheduler's decision. A pod is bound once and for all.
import { type Binding, bindings, validateBinding } from '../../api/kinds/binding.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { aggregateText, BadRequest, Conflict, MethodNotAllowed, StatusError } from '../../api/status.ts';
import { objectIn } from '../rest/decoding.ts';
import type { SubresourceHandler } from '../rest/rest.ts';

export const binding: SubresourceHandler = async (request, rest) => {
  if (request.verb !== 'create') throw new MethodNotAllowed();
  const sent = objectIn({ ...request, name: undefined, kind: bindings }) as Binding;
  const name = request.name ?? sent.metadata.name;
  if (sent.metadata.name && sent.metadata.name !== name) {
    throw new BadRequest('name in URL does not match name in Binding object');
  }
  const causes = [...validateBinding(sent)];
  if (causes.length > 0) throw new StatusError(500, '', aggregateText(causes));
  const change = { ...request, kind: pods, name, subresource: 'binding' };
  // The scheduler may do what nobody else may: say the node.
  const way = { door: 'both', rules: () => [] } as const;
  await rest.writes.change(change, (current) => bound(current as Pod, sent, rest.now()), way);
  return { type: 'status', status: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
};

function bound(current: Pod, { metadata, target }: Binding, now: string): KubeObject {
  const pod = mutableCopy(current);
  const refuse = (why: string) => new Conflict({ group: '', resource: 'pods/binding', name: pod.metadata.name }, why);
  if (metadata.uid && metadata.uid !== pod.metadata.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${pod.metadata.uid}`);
  }
  const { name } = pod.metadata;
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  pod.spec.nodeName = target.name ?? '';
  if (metadata.annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: now };
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== scheduled.type);
  pod.status.conditions = [...others, scheduled];
  return pod;
}
