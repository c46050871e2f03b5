// A claim for one pod alone (ReadWriteOncePod) has no other pod, on whatever node.
import { claimKeysOfPod } from '../../api/claim-binding.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import type { Storage } from '../volumes/claims-of-pod.ts';
import { curable, type Filter } from './filter.ts';

const inUse = curable('node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode');

export function volumeRestrictionsFilter(storage: Storage): Filter {
  const ownClaims = ({ pod }: PodDemand) =>
    claimKeysOfPod(pod).filter((key) => storage.claim(key)?.spec.accessModes?.includes('ReadWriteOncePod'));
  return {
    name: 'VolumeRestrictions',
    prepare: (demand, cluster) => {
      const claims = ownClaims(demand);
      if (claims.length === 0) return undefined;
      const uses = (claim: string) => (other: PodDemand) => claimKeysOfPod(other.pod).includes(claim);
      const usersOf = (claim: string) => {
        const byNode = cluster.count({ key: `claim ${claim}`, includes: uses(claim) });
        return [...byNode.values()].reduce((sum, count) => sum + count, 0);
      };
      let users = claims.reduce((sum, claim) => sum + usersOf(claim), 0);
      return {
        check: () => (users > 0 ? inUse : undefined),
        shift: (other, _, by) => {
          users += by * claims.filter((claim) => uses(claim)(other)).length;
        },
      };
    },
    hints: {
      'pod-gone': ({ pod }, demand) => {
        const freed = claimKeysOfPod(pod.pod);
        return claimKeysOfPod(demand.pod).some((key) => freed.includes(key));
      },
      claim: ({ previous }) => !previous,
    },
  };
}
