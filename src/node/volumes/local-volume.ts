// A folder of this very node that is a persistent volume of its own.
import { stat } from 'node:fs/promises';
import { ensureOwnership, wantedOwnership } from './ownership.ts';
import { type ReadyVolume, readyFolder, type VolumeOrder } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

export async function setUpLocal(order: VolumeOrder, { path }: { path: string }, name: string): Promise<ReadyVolume> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (!found) throw new VolumeProblem(`path "${path}" does not exist`);
  if (!found.isDirectory()) throw new VolumeProblem(`path "${path}" of local volume ${name} is not a directory`);
  const isReadOnly = order.volume.persistentVolumeClaim?.readOnly ?? false;
  const ownership = wantedOwnership(order.pod, isReadOnly);
  // What is read-only for the pod stays as it is.
  if (ownership && !isReadOnly) await ensureOwnership(path, ownership);
  return readyFolder(path, { isMeasured: true });
}
