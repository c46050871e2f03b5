// What a daemon set's status says: on how many nodes there should be a pod, is one, and how far those are. Pure.
import type { DaemonSet } from '../../api/kinds/daemon-set.ts';
import { isPodReady, type Pod } from '../../api/kinds/pod.ts';
import { availableInMs } from '../../api/pod-availability.ts';
import { withoutZeros } from '../children/counts.ts';
import { type ObservedDaemonSet, stationsOf } from './daemon-set-plan.ts';
import { isUpToDate } from './daemon-set-pods.ts';

export function daemonSetStatus(observed: ObservedDaemonSet, collisionCount: number): DaemonSet['status'] {
  const { set, hash, nowMs } = observed;
  const stations = stationsOf(observed);
  const wanted = stations.filter(({ isWanted }) => isWanted);
  // Of two pods on a node the older one counts.
  const pods = wanted.flatMap((station) => station.pods[0] ?? []);
  const count = (is: (pod: Pod) => boolean) => pods.filter(is).length;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const numberAvailable = count((pod) => availableInMs(pod, minReadySeconds, nowMs) === 0);
  return {
    currentNumberScheduled: pods.length,
    numberMisscheduled: stations.filter((station) => !station.isWanted && station.pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: count(isPodReady),
    ...withoutZeros({
      observedGeneration: set.metadata.generation ?? 0,
      updatedNumberScheduled: count((pod) => isUpToDate(pod, hash)),
      numberAvailable,
      numberUnavailable: wanted.length - numberAvailable,
      collisionCount,
    }),
  };
}
