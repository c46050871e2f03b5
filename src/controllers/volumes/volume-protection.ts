// A piece of storage that is deleted goes when no claim has it any more.
import { type PersistentVolume, persistentVolumes, volumeProtection } from '../../api/kinds/persistent-volume.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { letGo, protects } from './protection.ts';

export function volumeProtectionController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('volume-protection');
  const volumes = informers.for(persistentVolumes);
  const queue = context.workQueue({ name: 'volume-protection', log, clock, sync: syncVolume });

  volumes.onChange(({ key, object }) => {
    if (object && isFree(object)) queue.add(key);
  });

  async function syncVolume(name: string): Promise<void> {
    const volume = volumes.get(name);
    if (volume && isFree(volume)) await letGo(client, persistentVolumes, volume, volumeProtection);
  }

  return { name: 'volume-protection', start: (signal) => queue.start(signal) };
}

function isFree(volume: PersistentVolume): boolean {
  return protects(volume, volumeProtection) && volume.status.phase !== 'Bound';
}
