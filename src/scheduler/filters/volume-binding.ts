// The claims of the pod can be had on the node: their volumes reach it, or there are volumes for them, or some can be made.
import { claimKeysOfPod, isMeantFor } from '../../api/claim-binding.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import { keyOf } from '../../api/meta.ts';
import { always } from '../cluster/cluster-change.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { planClaims } from '../volumes/claim-plan.ts';
import { type Storage, sortClaims } from '../volumes/claims-of-pod.ts';
import { type Filter, incurable } from './filter.ts';

export function volumeBindingFilter(storage: Storage): Filter {
  return {
    name: 'VolumeBinding',
    prepare: ({ pod }) => {
      const claims = sortClaims(pod, storage);
      if (!claims || 'hopeless' in claims) return claims;
      return {
        check: ({ node }) => {
          const plan = planClaims(claims, node, storage);
          return 'reasons' in plan ? incurable(...plan.reasons) : undefined;
        },
      };
    },
    hints: {
      node: always,
      claim: ({ object }, { pod }) => object !== undefined && claimKeysOfPod(pod).includes(keyOf(object)),
      volume: ({ object }, demand) => object !== undefined && isOfUse(object, demand, storage),
      'storage-class': ({ object }) => object !== undefined,
    },
  };
}

function isOfUse(volume: PersistentVolume, { pod }: PodDemand, storage: Storage): boolean {
  if (!volume.spec.claimRef) return volume.status.phase === 'Available';
  return claimKeysOfPod(pod).some((key) => {
    const claim = storage.claim(key);
    return claim !== undefined && isMeantFor(volume, claim);
  });
}
