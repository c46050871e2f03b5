// The pods that belong together with a pod though it does not say so: those of the Services that select it, and those of
// the set that owns it. Both must hold of kin.

import type { Pod } from '../../api/kinds/pod.ts';
import { type ReplicaSet, replicaSets } from '../../api/kinds/replica-set.ts';
import { type ReplicationController, replicationControllers } from '../../api/kinds/replication-controller.ts';
import { services } from '../../api/kinds/service.ts';
import { type StatefulSet, statefulSets } from '../../api/kinds/stateful-set.ts';
import { controllerOf } from '../../api/meta.ts';
import { type LabelSelector, type Labels, matchesMap } from '../../api/selector.ts';
import type { Informers } from '../../client/informers.ts';
import { type PodSelector, podSelector } from './pod-terms.ts';

export type KinOf = (pod: Pod) => PodSelector | undefined;

export function kinFinder(informers: Informers): KinOf {
  const servicesIn = informers.for(services).indexBy(({ metadata }) => [metadata.namespace ?? '']);
  const owners = {
    ReplicaSet: informers.for(replicaSets),
    StatefulSet: informers.for(statefulSets),
    ReplicationController: informers.for(replicationControllers),
  };
  return (pod) => {
    const { namespace = '', labels } = pod.metadata;
    const ofServices = servicesIn(namespace).flatMap(({ spec: { selector } }) =>
      selector && matchesMap(selector, labels) ? [selector as Labels] : [],
    );
    const owner = controllerOf(pod);
    const set = owners[owner?.kind as keyof typeof owners]?.get(`${namespace}/${owner?.name}`);
    return kinSelector(namespace, ofServices, set && selectorOf(set));
  };
}

function selectorOf({ spec }: ReplicaSet | StatefulSet | ReplicationController): LabelSelector | undefined {
  const selector = spec.selector as LabelSelector | Labels | undefined;
  if (!selector) return undefined;
  const isPlain = Object.values(selector).some((value) => typeof value === 'string');
  return isPlain ? { matchLabels: selector as Labels } : (selector as LabelSelector);
}

export function kinSelector(
  namespace: string,
  ofServices: readonly Labels[],
  ofOwner: LabelSelector | undefined,
): PodSelector | undefined {
  const matchLabels: Labels = Object.assign({}, ...ofServices, ofOwner?.matchLabels);
  const matchExpressions = ofOwner?.matchExpressions ?? [];
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return undefined;
  return podSelector(namespace, { matchLabels, ...(matchExpressions.length > 0 && { matchExpressions }) });
}
