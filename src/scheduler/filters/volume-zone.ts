// Volumes that bear the labels of a zone or a region are reached from nodes in it.
import { claimKeysOfPod } from '../../api/claim-binding.ts';
import { always } from '../cluster/cluster-change.ts';
import type { Storage } from '../volumes/claims-of-pod.ts';
import { type Filter, incurable } from './filter.ts';

const elsewhere = incurable('node(s) had no available volume zone');

const zoneLabels = [
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
];
/** The old names of labels mean the same as the new ones. */
const newNames: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};

export function volumeZoneFilter(storage: Storage): Filter {
  return {
    name: 'VolumeZone',
    prepare: ({ pod }) => {
      const wanted = claimKeysOfPod(pod).flatMap((key) => {
        const volume = storage.volume(storage.claim(key)?.spec.volumeName ?? '');
        return zoneLabels.flatMap((label) => {
          const value = volume?.metadata.labels?.[label];
          // Several zones stand in one label.
          return value === undefined ? [] : [{ label, values: value.split('__') }];
        });
      });
      if (wanted.length === 0) return undefined;
      return {
        check: (room) => {
          // A node that knows no zones is in all of them.
          if (!zoneLabels.some((label) => room.label(label) !== undefined)) return undefined;
          const isThere = wanted.every(({ label, values }) => {
            const value = room.label(label) ?? room.label(newNames[label] ?? '');
            return value !== undefined && values.includes(value);
          });
          return isThere ? undefined : elsewhere;
        },
      };
    },
    hints: { node: always, claim: always, volume: always },
  };
}
