// The folders of this node's disk that are volumes: made when a pod first mounts one, and taken away when the volume is deleted,
// before its finalizer lets it go. Holds: nothing outside the folder in which this agent keeps volumes is ever made or removed,
// and nothing of a volume whose data are to be retained.
import { chmod, mkdir } from 'node:fs/promises';
import { type PersistentVolume, persistentVolumes, volumeProtection } from '../../api/kinds/persistent-volume.ts';
import { folderFinalizer, isKeptIn, isLocalPathVolume, volumeNodeLabel } from '../../api/local-path.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { isNotFound } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import { removeFolder } from '../../base/folder-removal.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Informers } from '../../client/informers.ts';
import { WorkQueue } from '../../client/work-queue.ts';

export interface LocalFoldersOptions {
  client: Client;
  informers: Informers;
  recorder: EventRecorder;
  clock: Clock;
  log: Log;
  nodeName: string;
  /** The folder in which this agent keeps volumes. */
  folder: string;
}

/** Leaves alone what is no volume of this agent's. */
export async function ensureLocalFolder(volume: PersistentVolume, folder: string): Promise<void> {
  const path = volume.spec.local?.path ?? '';
  if (!isLocalPathVolume(volume) || !isKeptIn(folder, volume)) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  // As in other small clusters: whichever user a pod runs as may write. The folder above is closed to the users of the host.
  await chmod(path, 0o777);
}

/** Takes folders away as long as the signal lasts. */
export function runLocalFolders(options: LocalFoldersOptions, signal: AbortSignal): void {
  const { client, informers, recorder, clock, log, nodeName, folder } = options;
  const volumes = informers.for(persistentVolumes, { labelSelector: `${volumeNodeLabel}=${nodeName}` });
  const queue = new WorkQueue({ name: 'local-volumes', log, clock, sync });
  volumes.onChange(({ key, object }) => {
    if (object && isGoing(object)) queue.add(key);
  });
  queue.start(signal);

  async function sync(name: string): Promise<void> {
    const volume = volumes.get(name);
    if (!volume || !isGoing(volume)) return;
    if (volume.spec.persistentVolumeReclaimPolicy === 'Delete') {
      const fault = await removalFault(volume);
      if (fault) {
        recorder.record(volume, { type: 'Warning', reason: 'VolumeFailedDelete', message: fault });
        throw new Error(fault);
      }
    }
    await letGo(volume);
  }

  async function removalFault(volume: PersistentVolume): Promise<string | undefined> {
    const path = volume.spec.local?.path ?? '';
    if (!isKeptIn(folder, volume)) {
      return `"${path}" is not in ${folder}, where node "${nodeName}" keeps volumes: it is not removed. Whoever wants it so takes the finalizer ${folderFinalizer} away`;
    }
    try {
      await removeFolder(path);
      return undefined;
    } catch (error) {
      return `"${path}" cannot be removed: ${(error as Error).message}`;
    }
  }

  async function letGo({ metadata }: PersistentVolume): Promise<void> {
    const { name, resourceVersion, finalizers = [] } = metadata;
    const rest = finalizers.filter((finalizer) => finalizer !== folderFinalizer);
    try {
      await client.patch(persistentVolumes, { name }, { metadata: { resourceVersion, finalizers: rest } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Its claim lets go of it first. */
function isGoing(volume: PersistentVolume): boolean {
  const { finalizers = [] } = volume.metadata;
  const isReleased = !finalizers.includes(volumeProtection);
  return isLocalPathVolume(volume) && isBeingDeleted(volume) && isReleased && finalizers.includes(folderFinalizer);
}
