// A claim grows only where the class of its storage says that its volumes can.
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type StorageClass, storageClasses } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { compareQuantities } from '../../api/quantity.ts';
import { quantityOf } from '../../api/resource-names.ts';
import { type AdmissionStep, changed, refusal } from './admission.ts';

export const persistentVolumeClaimResize: AdmissionStep = {
  name: 'PersistentVolumeClaimResize',
  check: (admission, { cache }) => {
    const change = changed(admission, persistentVolumeClaims);
    if (!change || !grows(change.object, change.previous)) return;
    const name = storageClassOf(change.object);
    const found = name ? (cache.get(storageClasses, undefined, name)?.object as StorageClass | undefined) : undefined;
    if (found?.allowVolumeExpansion) return;
    const why =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw refusal(admission, why);
  },
};

function grows(claim: PersistentVolumeClaim, previous: PersistentVolumeClaim): boolean {
  const [asked, before] = [claim, previous].map(({ spec }) => quantityOf(spec.resources?.requests, 'storage'));
  return asked !== undefined && before !== undefined && compareQuantities(asked, before) > 0;
}
