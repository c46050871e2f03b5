// A secret as files, in memory.
import { secrets } from '../../api/kinds/secret.ts';
import { type Choice, chosenFiles, type Payload, secretContents } from './payload.ts';
import { showFiles, usualMode } from './shown-files.ts';
import type { VolumeOrder, VolumeType } from './volume.ts';

const liveFolder = (order: VolumeOrder) => order.secretFolder('secret');

export const secretVolume: VolumeType = {
  liveFolder,
  setUp: async (order) => {
    const { secretName, ...choice } = order.volume.secret ?? {};
    const payload = await secretFiles(order, { ...choice, name: secretName }, choice.defaultMode ?? usualMode);
    return showFiles(order, liveFolder(order), payload);
  },
};

export async function secretFiles(
  { pod, world }: VolumeOrder,
  choice: Choice & { name?: string | undefined },
  defaultMode: number,
): Promise<Payload> {
  const { name = '' } = choice;
  const ref = { namespace: pod.metadata.namespace, name };
  return chosenFiles(secretContents(name, await world.objects.get({ kind: secrets, ref })), choice, defaultMode);
}
