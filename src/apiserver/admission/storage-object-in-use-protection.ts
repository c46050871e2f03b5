// Storage that is in use stays until it no longer is: its protection controllers take these finalizers away.

import { persistentVolumes, volumeProtection } from '../../api/kinds/persistent-volume.ts';
import { claimProtection, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import type { KubeObject } from '../../api/meta.ts';
import { type AdmissionStep, created } from './admission.ts';

export const storageObjectInUseProtection: AdmissionStep = {
  name: 'StorageObjectInUseProtection',
  admit: (admission) => {
    protect(created(admission, persistentVolumeClaims), claimProtection);
    protect(created(admission, persistentVolumes), volumeProtection);
  },
};

function protect(object: KubeObject | undefined, finalizer: string): void {
  if (!object || object.metadata.finalizers?.includes(finalizer)) return;
  object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
}
