// Makes the claims that come and go with a pod (volumes of type `ephemeral`): the pod owns them, so they are deleted after it.
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { isPodFinished, type Pod, pods } from '../../api/kinds/pod.ts';
import { controllerOf, controllerReference, isBeingDeleted, keyOf } from '../../api/meta.ts';
import { isAlreadyExists } from '../../api/status.ts';
import type { Draft } from '../../client/client.ts';
import type { Controller, ControllerContext } from '../controller.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

export function ephemeralVolumeController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('ephemeral-volume');
  const events = context.recorder('ephemeral_volume');
  const claims = informers.for(persistentVolumeClaims);
  const allPods = informers.for(pods);
  const queue = context.workQueue({ name: 'ephemeral-volume', log, clock, sync: syncPod, workers: 4 });

  allPods.onChange(({ key, object, previous }) => {
    if (object && !previous && hasOwnVolumes(object)) queue.add(key);
  });
  claims.onChange(({ object, previous }) => {
    const owner = object ? undefined : previous && controllerOf(previous);
    if (owner?.kind === 'Pod') queue.add(`${previous?.metadata.namespace}/${owner.name}`);
  });

  async function syncPod(key: string): Promise<void> {
    const pod = allPods.get(key);
    if (!pod || isPodFinished(pod) || isBeingDeleted(pod)) return;
    for (const volume of pod.spec.volumes ?? []) if (volume.ephemeral) await ensureClaim(pod, volume);
  }

  async function ensureClaim(pod: Pod, volume: Volume): Promise<void> {
    const draft = draftClaim(pod, volume);
    const known = claims.get(keyOf(draft));
    const fault = known && ownershipFault(known, pod);
    if (fault) {
      const message = `ephemeral volume "${volume.name}": ${fault}`;
      events.record(pod, { type: 'Warning', reason: 'FailedBinding', message });
      throw new Error(message);
    }
    if (known) return;
    try {
      await client.create(persistentVolumeClaims, draft);
    } catch (error) {
      if (isAlreadyExists(error)) throw new Error('a claim of this name is not known here yet', { cause: error });
      const message = `ephemeral volume "${volume.name}": create PVC ${keyOf(draft)}: ${(error as Error).message}`;
      events.record(pod, { type: 'Warning', reason: 'FailedBinding', message });
      throw error;
    }
  }

  return { name: 'ephemeral-volume', start: (signal) => queue.start(signal) };
}

const hasOwnVolumes = ({ spec }: Pod) => spec.volumes?.some(({ ephemeral }) => ephemeral !== undefined) ?? false;

function draftClaim(
  pod: Pod,
  { name, ephemeral }: Volume,
): Draft<PersistentVolumeClaim> & { metadata: { name: string } } {
  const { metadata: { labels, annotations } = {}, spec } = ephemeral?.volumeClaimTemplate ?? { spec: {} };
  const { namespace } = pod.metadata;
  return {
    metadata: {
      name: `${pod.metadata.name}-${name}`,
      ...(namespace && { namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ownerReferences: [controllerReference(pod)],
    },
    spec,
  };
}

function ownershipFault(claim: PersistentVolumeClaim, pod: Pod): string | undefined {
  if (controllerOf(claim)?.uid === pod.metadata.uid) return undefined;
  return `PVC ${keyOf(claim)} was not created for pod ${keyOf(pod)} (pod is not owner)`;
}
