// A claim that names no class of storage gets the newest default class.
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { newestDefaultClass, storageClasses } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { type AdmissionStep, created } from './admission.ts';

export const defaultStorageClass: AdmissionStep = {
  name: 'DefaultStorageClass',
  admit: (admission, { cache }) => {
    const claim = created(admission, persistentVolumeClaims);
    if (!claim || storageClassOf(claim) !== undefined) return;
    const classes = cache.list(storageClasses).map(({ object }) => object);
    const newest = newestDefaultClass(classes);
    if (newest) claim.spec.storageClassName = newest.metadata.name;
  },
};
