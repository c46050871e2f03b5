// The finalizer that keeps a pod until its job has counted it, and the mark of one that is not to be counted.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
/** Set with the finalizer's going, before the pod is deleted: so it is still known after a crash between the two. */
const dismissedAnnotation = 'wherry.io/dismissed';

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false;

/** One of which its job has no use, and that has not been deleted yet. */
export const isDismissed = ({ metadata }: Pod): boolean =>
  metadata.annotations?.[dismissedAnnotation] !== undefined && metadata.deletionTimestamp === undefined;

/** False where the pod was gone already. */
export function untrack(client: Client, pod: Pod): Promise<boolean> {
  return releaseWith(client, pod, {});
}

/** The same of a pod that counts for nothing, however it ends. */
export function dismiss(client: Client, pod: Pod): Promise<boolean> {
  return releaseWith(client, pod, { annotations: { [dismissedAnnotation]: 'true' } });
}

async function releaseWith(client: Client, { metadata }: Pod, mark: object): Promise<boolean> {
  const metadataChange = { uid: metadata.uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer], ...mark };
  const patch = { metadata: metadataChange };
  try {
    await client.patch(pods, metadata, patch, { type: 'strategic' });
    return true;
  } catch (error) {
    // Another pod may have taken the name.
    if (isNotFound(error) || isConflict(error)) return false;
    throw error;
  }
}
