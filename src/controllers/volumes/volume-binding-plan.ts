// What a volume needs next, by the claim that it is for: to be offered, kept, taken back from a claim that went elsewhere, or
// given up when its claim is gone. Pure.
//
//   Pending --> Available <--> Bound --claim gone--> Released --Delete, by its provisioner--> gone
//                                                       +-----cannot be given back------> Failed
import { boundByController, hasAnnotation, provisionedBy } from '../../api/claim-binding.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import { modeFault } from '../../api/volume-match.ts';
import type { Happening } from '../../client/event-recorder.ts';

export type VolumePhase = 'Available' | 'Bound' | 'Released' | 'Failed';

export type VolumeStep =
  | { do: 'phase'; phase: VolumePhase; news?: Happening }
  /** The claim does not know of the volume yet. */
  | { do: 'tell-claim' }
  | { do: 'refuse-claim'; ofVolume: Happening; ofClaim: Happening }
  /** The claim has another volume: whoever chose this one for it takes that back. */
  | { do: 'unbind'; volume: PersistentVolume };

/** The claim is the one that the volume names, by name and uid, as far as it exists. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumeStep {
  const { claimRef } = volume.spec;
  // Without a uid it is for a claim that has not come for it.
  if (!claimRef?.uid) return { do: 'phase', phase: 'Available' };
  if (!claim) return planRelease(volume);
  if (claim.spec.volumeName === volume.metadata.name) return { do: 'phase', phase: 'Bound' };
  if (!claim.spec.volumeName) return modeFault(volume, claim) ? refuse(volume, claim) : { do: 'tell-claim' };
  const { persistentVolumeReclaimPolicy: policy } = volume.spec;
  if (hasAnnotation(volume, provisionedBy) && policy === 'Delete') return planRelease(volume);
  return { do: 'unbind', volume: withoutClaim(volume) };
}

function planRelease({ metadata, spec, status }: PersistentVolume): VolumeStep {
  if (status.phase !== 'Released' && status.phase !== 'Failed') return { do: 'phase', phase: 'Released' };
  switch (spec.persistentVolumeReclaimPolicy) {
    case 'Recycle':
      return fail('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    case 'Delete':
      // Who made the volume sees to its end.
      if (metadata.annotations?.[provisionedBy]) return { do: 'phase', phase: status.phase };
      return fail(
        'VolumeFailedDelete',
        `error getting deleter volume plugin for volume "${metadata.name}": no deletable volume plugin matched`,
      );
    default:
      return { do: 'phase', phase: status.phase };
  }
}

function withoutClaim(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec;
  const { [boundByController]: mark, ...annotations } = volume.metadata.annotations ?? {};
  if (mark !== undefined) return { ...volume, metadata: { ...volume.metadata, annotations }, spec };
  // A user meant it for a claim of this name: it stays so.
  const { uid, ...named } = claimRef ?? {};
  return { ...volume, spec: { ...spec, claimRef: named } };
}

function refuse({ metadata }: PersistentVolume, claim: PersistentVolumeClaim): VolumeStep {
  const news = (message: string): Happening => ({ type: 'Warning', reason: 'VolumeMismatch', message });
  const why = 'due to incompatible volumeMode.';
  return {
    do: 'refuse-claim',
    ofVolume: news(`Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" ${why}`),
    ofClaim: news(`Cannot bind PersistentVolume "${metadata.name}" to requested PersistentVolumeClaim ${why}`),
  };
}

const fail = (reason: string, message: string): VolumeStep => ({
  do: 'phase',
  phase: 'Failed',
  news: { type: 'Warning', reason, message },
});
