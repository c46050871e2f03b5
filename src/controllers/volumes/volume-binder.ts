// Brings claims for storage and volumes together, and says of both how they are: Kubernetes' persistent volume binder. Holds:
// the volume is written first, and only upon the revision that was seen, so no two claims ever get one volume; whatever was
// begun before a crash is ended by the next look at either of the two.
import { isDeepStrictEqual } from 'node:util';
import {
  betaStorageProvisioner,
  bindCompleted,
  boundByController,
  claimKeysOfPod,
  hasAnnotation,
  storageProvisioner,
  volumeFor,
} from '../../api/claim-binding.ts';
import { type PersistentVolume, persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { isPodFinished, pods } from '../../api/kinds/pod.ts';
import { newestDefaultClass, storageClasses } from '../../api/kinds/storage-class.ts';
import { storageClassOf } from '../../api/kinds/volume-access.ts';
import { keyOf } from '../../api/meta.ts';
import { isNotFound } from '../../api/status.ts';
import { timestamp } from '../../base/clock.ts';
import type { Happening } from '../../client/event-recorder.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { planClaim } from './claim-binding-plan.ts';
import { planVolume, type VolumePhase } from './volume-binding-plan.ts';

/** Each waits for the store most of its time, which writes what comes together at once. */
const workers = 32;

type ClaimStatus = PersistentVolumeClaim['status'];

const claimKeyOf = ({ spec: { claimRef } }: PersistentVolume) => `${claimRef?.namespace}/${claimRef?.name}`;
/** Volumes are found by the claim they are for, or else by their class. */
const meantFor = (claimKey: string) => `claim ${claimKey}`;
const freeOf = (className: string) => `class ${className}`;

export function volumeBinder(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('volume-binder');
  const events = context.recorder('persistentvolume-controller');
  const claims = informers.for(persistentVolumeClaims);
  const volumes = informers.for(persistentVolumes);
  const classes = informers.for(storageClasses);
  const allPods = informers.for(pods);
  const candidatesOf = volumes.indexBy((volume) => [
    volume.spec.claimRef ? meantFor(claimKeyOf(volume)) : freeOf(storageClassOf(volume) ?? ''),
  ]);
  const pendingOfClass = claims.indexBy((claim) => (isSettled(claim) ? [] : [storageClassOf(claim) ?? '']));
  const claimsNaming = claims.indexBy(({ spec }) => (spec.volumeName ? [spec.volumeName] : []));
  const podsByClaim = allPods.indexBy(claimKeysOfPod);
  /** Free volumes that are being given to a claim: others need not try to take them. */
  const taking = new Set<string>();
  const claimQueue = context.workQueue({ name: 'claims', log, clock, sync: syncClaim, workers });
  const volumeQueue = context.workQueue({ name: 'volumes', log, clock, sync: syncVolume, workers });

  claims.onChange(({ key, object }) => {
    if (object) claimQueue.add(key);
    for (const { metadata } of candidatesOf(meantFor(key))) volumeQueue.add(metadata.name);
  });
  volumes.onChange(({ key, object }) => {
    if (object) volumeQueue.add(key);
    for (const claim of claimsNaming(key)) claimQueue.add(keyOf(claim));
    if (object?.spec.claimRef) claimQueue.add(claimKeyOf(object));
    else if (object?.status.phase === 'Available') wakeClass(storageClassOf(object) ?? '');
  });
  classes.onChange(({ key, object }) => {
    wakeClass(key);
    if (object) wakeClass('');
  });
  allPods.onChange(({ object, previous }) => {
    if (object && previous && Boolean(object.spec.nodeName) === Boolean(previous.spec.nodeName)) return;
    const pod = object ?? previous;
    for (const key of pod ? claimKeysOfPod(pod) : []) {
      const claim = claims.get(key);
      if (claim && !isSettled(claim)) claimQueue.add(key);
    }
  });

  function wakeClass(name: string): void {
    for (const claim of pendingOfClass(name)) claimQueue.add(keyOf(claim));
  }

  async function syncClaim(key: string): Promise<void> {
    const claim = claims.get(key);
    if (!claim) return;
    const step = planClaim(claim, sightOf(claim, key));
    if ('news' in step && step.news && (step.do !== 'lose' || claim.status.phase !== 'Lost')) {
      events.record(claim, step.news);
    }
    switch (step.do) {
      case 'bind':
        return take(step.volume, claim);
      case 'take-class':
        await updateClaim(claim, {}, { storageClassName: step.storageClassName });
        return;
      case 'ask':
        await ensurePhase(await askProvisioner(claim, step.provisioner), 'Pending');
        return;
      case 'wait':
        return ensurePhase(claim, 'Pending');
      case 'lose':
        return ensurePhase(claim, 'Lost');
    }
  }

  function sightOf(claim: PersistentVolumeClaim, key: string) {
    const className = storageClassOf(claim) ?? '';
    const waiting = podsByClaim(key).filter((pod) => !pod.spec.nodeName && !isPodFinished(pod));
    return {
      named: volumes.get(claim.spec.volumeName ?? ''),
      candidates: [...candidatesOf(meantFor(key)), ...candidatesOf(freeOf(className)).filter(isLeft)],
      storageClass: classes.get(className),
      defaultClass: newestDefaultClass(classes.list()),
      waitingPods: waiting.map(({ metadata }) => metadata.name),
    };
  }

  const isLeft = ({ metadata }: PersistentVolume) => !taking.has(metadata.name);

  async function take(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const { name } = volume.metadata;
    let isBound = false;
    taking.add(name);
    try {
      await bind(volume, claim);
      isBound = true;
    } finally {
      taking.delete(name);
      // Whoever left it to this claim may have it.
      if (!isBound) wakeClass(storageClassOf(volume) ?? '');
    }
  }

  /** Each of the four writes is left out where it is done already. */
  async function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const wanted = volumeFor(volume, claim);
    const taken = wanted === volume ? volume : await client.update(persistentVolumes, wanted);
    await ensureVolumePhase(taken, 'Bound');
    const marks = { ...(!claim.spec.volumeName && { [boundByController]: 'yes' }), [bindCompleted]: 'yes' };
    const bound = hasAnnotation(claim, bindCompleted)
      ? claim
      : await updateClaim(claim, marks, { volumeName: volume.metadata.name });
    await writeClaimStatus(bound, {
      ...bound.status,
      phase: 'Bound',
      ...(taken.spec.accessModes && { accessModes: taken.spec.accessModes }),
      // What it holds by now is told by whoever lets it grow.
      capacity: bound.status.capacity?.storage ? bound.status.capacity : (taken.spec.capacity ?? {}),
    });
  }

  function updateClaim(
    claim: PersistentVolumeClaim,
    annotations: Record<string, string>,
    spec: Partial<PersistentVolumeClaim['spec']>,
  ): Promise<PersistentVolumeClaim> {
    return client.update(persistentVolumeClaims, {
      ...claim,
      metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...annotations } },
      spec: { ...claim.spec, ...spec },
    });
  }

  async function askProvisioner(claim: PersistentVolumeClaim, provisioner: string): Promise<PersistentVolumeClaim> {
    const { annotations } = claim.metadata;
    if (annotations?.[storageProvisioner] === provisioner) return claim;
    return updateClaim(claim, { [betaStorageProvisioner]: provisioner, [storageProvisioner]: provisioner }, {});
  }

  async function ensurePhase(claim: PersistentVolumeClaim, phase: 'Pending' | 'Lost'): Promise<void> {
    const { accessModes, capacity, ...status } = claim.status;
    await writeClaimStatus(claim, { ...status, phase });
  }

  async function writeClaimStatus(claim: PersistentVolumeClaim, status: ClaimStatus): Promise<void> {
    if (isDeepStrictEqual(claim.status, status)) return;
    await client.update(persistentVolumeClaims, { ...claim, status }, 'status');
  }

  async function syncVolume(name: string): Promise<void> {
    const volume = volumes.get(name);
    if (!volume) return;
    const claim = await claimOf(volume);
    const step = planVolume(volume, claim);
    switch (step.do) {
      case 'phase':
        return ensureVolumePhase(volume, step.phase, step.news);
      case 'tell-claim':
        claimQueue.add(claimKeyOf(volume));
        return;
      case 'refuse-claim':
        events.record(volume, step.ofVolume);
        if (claim) events.record(claim, step.ofClaim);
        return;
      case 'unbind':
        await ensureVolumePhase(await client.update(persistentVolumes, step.volume), 'Available');
    }
  }

  /** That a claim is gone is never taken from our copy alone: it may lie behind that of the volumes. */
  async function claimOf({ spec: { claimRef } }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { namespace, name = '', uid } = claimRef ?? {};
    if (!uid) return undefined;
    const known = claims.get(`${namespace}/${name}`);
    if (known?.metadata.uid === uid) return known;
    try {
      const found = await client.get(persistentVolumeClaims, { namespace, name });
      return found.metadata.uid === uid ? found : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function ensureVolumePhase(volume: PersistentVolume, phase: VolumePhase, news?: Happening): Promise<void> {
    const { status } = volume;
    const message = news?.message;
    if (status.phase === phase && (message === undefined || status.message === message)) return;
    const { message: _, ...rest } = status;
    const lastPhaseTransitionTime = status.phase === phase ? status.lastPhaseTransitionTime : timestamp(clock.now());
    const next = {
      ...rest,
      phase,
      ...(message && { message }),
      ...(lastPhaseTransitionTime && { lastPhaseTransitionTime }),
    };
    await client.update(persistentVolumes, { ...volume, status: next }, 'status');
    if (news) events.record(volume, news);
  }

  const start = (signal: AbortSignal) => {
    volumeQueue.start(signal);
    claimQueue.start(signal);
  };
  return { name: 'volume-binder', start };
}

/** It has a volume, and knows so. */
function isSettled(claim: PersistentVolumeClaim): boolean {
  return claim.status.phase === 'Bound' && hasAnnotation(claim, bindCompleted);
}
