// A claim that names no class of storage gets the newest default class.
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { isDefaultStorageClass, storageClasses } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { type AdmissionStep, created } from './admission.ts';
import { newestFirst } from './newest-first.ts';

export const defaultStorageClass: AdmissionStep = {
  name: 'DefaultStorageClass',
  admit: (admission, { cache }) => {
    const claim = created(admission, persistentVolumeClaims);
    if (!claim || storageClassOf(claim) !== undefined) return;
    const classes = cache.list(storageClasses).map(({ object }) => object);
    const [newest] = classes.filter(isDefaultStorageClass).sort(newestFirst);
    if (newest) claim.spec.storageClassName = newest.metadata.name;
  },
};
