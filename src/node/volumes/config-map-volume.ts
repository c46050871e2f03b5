// A config map as files.
import { configMaps } from '../../api/kinds/config-map.ts';
import { type Choice, chosenFiles, configMapContents, type Payload } from './payload.ts';
import { showFiles, usualMode } from './shown-files.ts';
import type { VolumeOrder, VolumeType } from './volume.ts';

const liveFolder = (order: VolumeOrder) => order.folder('configmap');

export const configMapVolume: VolumeType = {
  liveFolder,
  setUp: async (order) => {
    const { configMap = {} } = order.volume;
    const payload = await configMapFiles(order, configMap, configMap.defaultMode ?? usualMode);
    return showFiles(order, liveFolder(order), payload);
  },
};

export async function configMapFiles(
  { pod, world }: VolumeOrder,
  choice: Choice & { name?: string | undefined },
  defaultMode: number,
): Promise<Payload> {
  const { name = '' } = choice;
  const ref = { namespace: pod.metadata.namespace, name };
  return chosenFiles(configMapContents(name, await world.objects.get({ kind: configMaps, ref })), choice, defaultMode);
}
