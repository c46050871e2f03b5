// The finalizer that keeps a pod until its job has counted it.
import { type Pod, pods } from '../api/kinds/pod.ts';
import { isConflict, isNotFound } from '../api/status.ts';
import type { Client } from '../client/client.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false;

/** False where the pod was gone already. */
export async function untrack(client: Client, { metadata }: Pod): Promise<boolean> {
  const patch = { metadata: { uid: metadata.uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
  try {
    await client.patch(pods, metadata, patch, { type: 'strategic' });
    return true;
  } catch (error) {
    // Another pod may have taken the name.
    if (isNotFound(error) || isConflict(error)) return false;
    throw error;
  }
}
