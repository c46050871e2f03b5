// How a volume of files is put before the containers of its pod: as one version, which nobody but the agent changes.
import { showVersion } from './atomic-folder.ts';
import { inMemory, onDisk } from './file-calls.ts';
import { ensureOwnership, wantedOwnership } from './ownership.ts';
import type { Payload } from './payload.ts';
import { type ReadyVolume, readyFolder, type VolumeOrder } from './volume.ts';

/** Kubernetes' mode of files for which the manifest names none. */
export const usualMode = 0o644;

export async function showFiles(order: VolumeOrder, folder: string, payload: Payload): Promise<ReadyVolume> {
  const { pod, world } = order;
  const ownership = wantedOwnership(pod, true);
  await showVersion(folder, {
    payload,
    nowMs: world.clock.now(),
    calls: order.isInMemory(folder) ? inMemory : onDisk,
    ...(ownership && { finish: (version) => ensureOwnership(version, { ...ownership, onlyOnMismatch: false }) }),
  });
  return readyFolder(folder, { isReadOnly: true });
}
