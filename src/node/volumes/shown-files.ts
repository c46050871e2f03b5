// How a volume of files is put before the containers of its pod: as one version, which nobody but the agent changes.
import { showVersion } from './atomic-folder.ts';
import { ensureOwnership, wantedOwnership } from './ownership.ts';
import type { Payload } from './payload.ts';
import { type ReadyVolume, readyFolder, type VolumeOrder } from './volume.ts';

/** Kubernetes' mode of files for which the manifest names none. */
export const usualMode = 0o644;

export async function showFiles({ pod, world }: VolumeOrder, folder: string, payload: Payload): Promise<ReadyVolume> {
  const ownership = wantedOwnership(pod, true);
  await showVersion(folder, {
    payload,
    nowMs: world.clock.now(),
    ...(ownership && { finish: (version) => ensureOwnership(version, { ...ownership, onlyOnMismatch: false }) }),
  });
  return readyFolder(folder, { isReadOnly: true });
}
