// Claims, volumes and classes as the scheduler sees them: as the API tells, and over it what has been promised to pods whose
// binding is under way. Holds: a volume that is promised to one claim is free for no other.
import { selectedNode, volumeFor } from '../../api/claim-binding.ts';
import { type PersistentVolume, persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type StorageClass, storageClasses } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { keyOf } from '../../api/meta.ts';
import type { Informer } from '../../client/informer.ts';
import type { Informers } from '../../client/informers.ts';
import type { ClaimPlan } from './claim-plan.ts';
import type { Storage } from './claims-of-pod.ts';

/** What several pods may have been promised at a time, as they share a claim. */
class Promised<T> {
  readonly #byKey = new Map<string, { object: T; holders: Set<string> }>();

  get(key: string): T | undefined {
    return this.#byKey.get(key)?.object;
  }

  add(key: string, object: T, holder: string): void {
    const holders = this.#byKey.get(key)?.holders ?? new Set();
    this.#byKey.set(key, { object, holders: holders.add(holder) });
  }

  drop(holder: string): void {
    for (const [key, { holders }] of this.#byKey) {
      if (holders.delete(holder) && holders.size === 0) this.#byKey.delete(key);
    }
  }
}

export class ClaimedStorage implements Storage {
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #candidates: (key: string) => PersistentVolume[];
  readonly #promisedClaims = new Promised<PersistentVolumeClaim>();
  readonly #promisedVolumes = new Promised<PersistentVolume>();

  constructor(informers: Informers) {
    this.#claims = informers.for(persistentVolumeClaims);
    this.#volumes = informers.for(persistentVolumes);
    this.#classes = informers.for(storageClasses);
    this.#candidates = this.#volumes.indexBy((volume) => {
      const { claimRef } = volume.spec;
      return [claimRef ? `claim ${claimRef.namespace}/${claimRef.name}` : `class ${storageClassOf(volume) ?? ''}`];
    });
  }

  claim(key: string): PersistentVolumeClaim | undefined {
    const known = this.#claims.get(key);
    const promised = this.#promisedClaims.get(key);
    return promised && promised.metadata.uid === known?.metadata.uid && !known?.spec.volumeName ? promised : known;
  }

  volume(name: string): PersistentVolume | undefined {
    return this.#volumes.get(name);
  }

  storageClass(name: string): StorageClass | undefined {
    return this.#classes.get(name);
  }

  candidates(claim: PersistentVolumeClaim): readonly PersistentVolume[] {
    const known = [
      ...this.#candidates(`claim ${keyOf(claim)}`),
      ...this.#candidates(`class ${storageClassOf(claim) ?? ''}`),
    ];
    return known.map((volume) => this.#promisedVolumes.get(volume.metadata.name) ?? volume);
  }

  /** As if all of the plan were written already. */
  promise(podUid: string, nodeName: string, { bindings, provisions }: ClaimPlan): void {
    for (const { claim, volume } of bindings) {
      this.#promisedVolumes.add(volume.metadata.name, volumeFor(volume, claim), podUid);
    }
    for (const claim of provisions) this.#promisedClaims.add(keyOf(claim), onNode(claim, nodeName), podUid);
  }

  forget(podUid: string): void {
    this.#promisedClaims.drop(podUid);
    this.#promisedVolumes.drop(podUid);
  }
}

function onNode(claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim {
  const annotations = { ...claim.metadata.annotations, [selectedNode]: nodeName };
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}
