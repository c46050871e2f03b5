// The pods of all owners of one kind: which are an owner's, and which could be its. Whoever is concerned by a change is looked
// at again, and what was expected is seen to have come.
import type { Pod } from '../../api/kinds/pod.ts';
import { controllerOf, isBeingDeleted, type KubeObject, keyOf } from '../../api/meta.ts';
import type { Change, Informer } from '../../client/informer.ts';
import type { Expectations } from './expectations.ts';

export interface OwnedPodsOptions<T extends KubeObject> {
  owners: Informer<T>;
  pods: Informer<Pod>;
  expectations: Expectations;
  /** Whether the owner would take a pod that has no controller. */
  isMember(owner: T, pod: Pod): boolean;
  lookAgain(key: string): void;
}

export interface OwnedPods<T extends KubeObject> {
  /** Those that the object of this uid controls. */
  of(uid: string): Pod[];
  /** Its own, and those without a controller that it would take. */
  candidatesOf(owner: T): Pod[];
  ownersIn(namespace: string): T[];
}

export function followOwnedPods<T extends KubeObject>(options: OwnedPodsOptions<T>): OwnedPods<T> {
  const { owners, pods, expectations, isMember, lookAgain } = options;
  const ownersByUid = owners.indexBy(({ metadata }) => [metadata.uid ?? '']);
  const ownersIn = owners.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  /** By the uid of their controller, or by namespace where they have none. */
  const podsOf = pods.indexBy((pod) => [controllerOf(pod)?.uid ?? orphansOf(pod.metadata.namespace)]);

  owners.onChange(({ key, object }) => {
    if (!object) expectations.forget(key);
    lookAgain(key);
  });
  pods.onChange(podChanged);

  function podChanged({ object, previous }: Change<Pod>): void {
    const pod = object ?? previous;
    const owner = pod && ownerOf(pod);
    if (pod && owner) {
      if (!previous) expectations.creationObserved(keyOf(owner));
      if (!object || isBeingDeleted(object)) expectations.deletionObserved(keyOf(owner), pod.metadata.uid ?? '');
      lookAgain(keyOf(owner));
    } else if (object && !controllerOf(object)) {
      for (const candidate of ownersIn(object.metadata.namespace ?? ''))
        if (isMember(candidate, object)) lookAgain(keyOf(candidate));
    }
    const formerOwner = previous && ownerOf(previous);
    if (formerOwner && formerOwner !== owner) lookAgain(keyOf(formerOwner));
  }

  function ownerOf(pod: Pod): T | undefined {
    return ownersByUid(controllerOf(pod)?.uid ?? '')[0];
  }

  return {
    of: podsOf,
    candidatesOf: (owner) => {
      const orphans = podsOf(orphansOf(owner.metadata.namespace)).filter((pod) => isMember(owner, pod));
      return [...podsOf(owner.metadata.uid ?? ''), ...orphans];
    },
    ownersIn,
  };
}

const orphansOf = (namespace: string | undefined): string => `orphans of ${namespace}`;
